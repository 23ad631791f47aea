#include "steam_standin/gzip.h"

#include <zlib.h>

#include <stdexcept>

namespace steamflow::standin {
namespace {

constexpr int kGzip = 16 + MAX_WBITS;
constexpr int kRaw = -MAX_WBITS;

/// A deflate stream that is reused for the next text, because creating one costs more than
/// compressing a small response.
class Deflater {
 public:
  Deflater(int level, int window_bits) {
    if (deflateInit2(&stream_, level, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::runtime_error("starting zlib failed");
    }
  }
  ~Deflater() { deflateEnd(&stream_); }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  std::string Run(std::string_view text, int flush) {
    deflateReset(&stream_);
    std::string packed(deflateBound(&stream_, text.size()) + 16, '\0');
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream_.avail_in = static_cast<uInt>(text.size());
    stream_.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream_.avail_out = static_cast<uInt>(packed.size());
    deflate(&stream_, flush);
    packed.resize(stream_.total_out);
    return packed;
  }

 private:
  z_stream stream_{};
};

uLong Crc(std::string_view text) {
  return crc32(0, reinterpret_cast<const Bytef*>(text.data()), static_cast<uInt>(text.size()));
}

void AppendLittleEndian(std::string& bytes, uLong value) {
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(value >> shift & 0xff);
}

// A fully flushed block does not depend on others, so one compressed MiB repeated 1,024 times is a
// valid stream.
std::string MakeGzipBomb() {
  const std::string_view opening = R"({"response":)";
  const std::string spaces(1024 * 1024, ' ');
  constexpr int kRepeats = 1024;
  Deflater deflater(Z_BEST_COMPRESSION, kRaw);
  const auto block = deflater.Run(spaces, Z_FULL_FLUSH);

  std::string bomb("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
  bomb += deflater.Run(opening, Z_FULL_FLUSH);
  auto crc = Crc(opening);
  const auto block_crc = Crc(spaces);
  for (int i = 0; i < kRepeats; ++i) {
    bomb += block;
    crc = crc32_combine(crc, block_crc, static_cast<z_off_t>(spaces.size()));
  }
  bomb += deflater.Run("", Z_FINISH);
  AppendLittleEndian(bomb, crc);
  AppendLittleEndian(bomb, opening.size() + kRepeats * spaces.size());
  return bomb;
}

}  // namespace

std::string Gzip(std::string_view text) {
  thread_local Deflater deflater(Z_BEST_SPEED, kGzip);
  return deflater.Run(text, Z_FINISH);
}

const std::string& GzipBomb() {
  static const std::string bomb = MakeGzipBomb();
  return bomb;
}

}  // namespace steamflow::standin
