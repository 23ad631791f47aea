// For LD_PRELOAD: replaces the C library's resolver by one that hangs. IPv4 addresses still
// resolve.

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints,
                           addrinfo** result) {
  in_addr ignored{};
  if (node && inet_pton(AF_INET, node, &ignored) != 1) {
    sleep(30);
    return EAI_AGAIN;
  }
  const auto real = reinterpret_cast<decltype(&getaddrinfo)>(dlsym(RTLD_NEXT, "getaddrinfo"));
  return real(node, service, hints, result);
}
