#include "gzip.h"

#include <libdeflate.h>

#include <new>

namespace steamflow {
namespace {

constexpr int kFastest = 1;

struct Deleter {
  void operator()(libdeflate_compressor* compressor) const {
    libdeflate_free_compressor(compressor);
  }
};

}  // namespace

struct GzipCompressor::Impl {
  std::unique_ptr<libdeflate_compressor, Deleter> compressor{libdeflate_alloc_compressor(kFastest)};
  std::string buffer;
};

GzipCompressor::GzipCompressor() : impl_(std::make_unique<Impl>()) {
  if (!impl_->compressor) throw std::bad_alloc();
}
GzipCompressor::~GzipCompressor() = default;

std::string GzipCompressor::Compress(std::string_view text) {
  libdeflate_compressor* const compressor = impl_->compressor.get();
  std::string& buffer = impl_->buffer;
  const std::size_t most = libdeflate_gzip_compress_bound(compressor, text.size());
  if (buffer.size() < most) buffer.resize(most);
  const std::size_t size =
      libdeflate_gzip_compress(compressor, text.data(), text.size(), buffer.data(), buffer.size());
  return buffer.substr(0, size);
}

}  // namespace steamflow
