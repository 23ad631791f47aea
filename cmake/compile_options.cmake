# One interface target that every target of the project links: warnings, sanitizers and hardening.
add_library(steamflow_options INTERFACE)
target_compile_options(steamflow_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                       -Wnon-virtual-dtor -Woverloaded-virtual
                       -Wno-missing-field-initializers)  # designated initializers omit defaults
# g++ 12 reports overlaps in std::string that do not exist (GCC bug 105651).
target_compile_options(steamflow_options INTERFACE
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>)
# The macros of librdkafka's rd_kafka_producev expand to these.
target_compile_options(steamflow_options INTERFACE
  $<$<CXX_COMPILER_ID:Clang>:-Wno-gnu-statement-expression>)
if(STEAMFLOW_WERROR)
  target_compile_options(steamflow_options INTERFACE -Werror)
endif()

if(STEAMFLOW_SANITIZE)
  target_compile_options(steamflow_options INTERFACE -fsanitize=${STEAMFLOW_SANITIZE}
                         -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(steamflow_options INTERFACE -fsanitize=${STEAMFLOW_SANITIZE})
else()
  # tests/project/hardening_test.sh checks these in the release binaries.
  target_compile_options(steamflow_options INTERFACE
    $<$<CONFIG:Release>:-U_FORTIFY_SOURCE> $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=3>
    -fstack-protector-strong -fstack-clash-protection
    $<$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},x86_64>:-fcf-protection>)
  target_compile_definitions(steamflow_options INTERFACE _GLIBCXX_ASSERTIONS)
  target_link_options(steamflow_options INTERFACE -Wl,-z,relro,-z,now -Wl,--as-needed)
endif()

include(CheckPIESupported)
check_pie_supported(LANGUAGES CXX)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
