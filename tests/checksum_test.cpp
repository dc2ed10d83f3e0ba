// Mirrors src/checksum.h. Expected values: xxHash 0.8.4 (PyPI xxhash 4.1.0, xxh64, seed 0).
#include "checksum.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace grainspin {
namespace {

std::uint64_t of(const void* data, std::size_t bytes) {
  Checksum sum;
  sum.add(data, bytes);
  return sum.value();
}

std::vector<unsigned char> counted(std::size_t n, unsigned factor, unsigned modulus) {
  std::vector<unsigned char> v;
  for (std::size_t i = 0; i < n; ++i) v.push_back(static_cast<unsigned char>(i * factor % modulus));
  return v;
}

TEST(Checksum, IsXxh64) {
  EXPECT_EQ(of(nullptr, 0), 0xef46db3751d8e999u);
  EXPECT_EQ(of("a", 1), 0xd24ec4f1a98c6e5bu);
  EXPECT_EQ(of("abc", 3), 0x44bc2cf5ad770999u);
  EXPECT_EQ(of(counted(31, 1, 256).data(), 31), 0xc346d2b59b4d8ee1u);
  EXPECT_EQ(of(counted(32, 1, 256).data(), 32), 0xcbf59c5116ff32b4u);
  EXPECT_EQ(of(counted(39, 1, 256).data(), 39), 0x00a396ef1679a859u);
  EXPECT_EQ(of(counted(1000, 7, 251).data(), 1000), 0x023fd2ed1ff957d5u);
}

TEST(Checksum, PartsDoNotMatter) {
  const auto all = counted(1000, 7, 251);
  for (std::size_t part : {1u, 5u, 31u, 32u, 33u, 999u}) {
    Checksum sum;
    for (std::size_t i = 0; i < all.size(); i += part) sum.add(all.data() + i, std::min(part, all.size() - i));
    sum.add(nullptr, 0);
    EXPECT_EQ(sum.value(), 0x023fd2ed1ff957d5u) << part;
  }
}

}  // namespace
}  // namespace grainspin
