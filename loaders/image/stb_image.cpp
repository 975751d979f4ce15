// The body of stb_image. Every allocation it makes is bounded, so that a small file cannot ask
// for all memory: 64 million pixels of 8 bytes, the most it needs for a picture that we accept.
#include <cstddef>
#include <cstdlib>

static void* bounded_realloc(void* block, size_t bytes) {
  return bytes > size_t{512} << 20 ? nullptr : std::realloc(block, bytes);
}

// Zeros, because stb_image 2.27 decodes with Huffman tables that a damaged JPEG never defined.
static void* bounded_zeros(size_t bytes) {
  return bytes > size_t{512} << 20 ? nullptr : std::calloc(1, bytes);
}

#define STBI_MALLOC(bytes) bounded_zeros(bytes)
#define STBI_REALLOC(block, bytes) bounded_realloc(block, bytes)
#define STBI_FREE(block) std::free(block)
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_NO_STDIO
#define STB_IMAGE_IMPLEMENTATION
#include <stb/stb_image.h>
