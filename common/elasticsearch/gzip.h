#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace steamflow {

// Compresses texts into gzip's format (RFC 1952), at libdeflate's fastest level. Keeps its buffers
// between calls.
class GzipCompressor {
 public:
  GzipCompressor();
  ~GzipCompressor();
  GzipCompressor(const GzipCompressor&) = delete;
  GzipCompressor& operator=(const GzipCompressor&) = delete;

  // Returns the compressed text.
  std::string Compress(std::string_view text);

 private:
  // libdeflate's compressor. Hidden, so that only gzip.cpp includes the library.
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace steamflow
