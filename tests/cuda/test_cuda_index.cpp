// The index arithmetic of the CUDA kernels. Runs on every machine: no GPU is used.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "tests/support/cuda/cuda_interpreter.h"

using namespace yent;
using namespace yent::cuda;

namespace {

// The 16-byte bank groups of one phase: the eight lanes must use different ones.
template <class Address>
bool free_of_conflicts(const Address& address) {
  for (int phase = 0; phase < 4; ++phase) {
    std::set<int> groups;
    for (int lane = 8 * phase; lane < 8 * phase + 8; ++lane) groups.insert(address(lane) % 8);
    if (groups.size() != 8) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("cuda index: fragments hold every element once") {
  std::set<std::pair<int, int>> a, b, sum;
  for (int lane = 0; lane < 32; ++lane) {
    for (int i = 0; i < 4; ++i) a.insert({fragment_a(lane, i).row, fragment_a(lane, i).column});
    for (int i = 0; i < 2; ++i) b.insert({fragment_b(lane, i).row, fragment_b(lane, i).column});
    for (int i = 0; i < 4; ++i) {
      sum.insert({fragment_sum(lane, i).row, fragment_sum(lane, i).column});
    }
  }
  CHECK((a.size() == 16 * 8 && a.rbegin()->first == 15));
  CHECK((b.size() == 8 * 8 && b.rbegin()->first == 7));
  CHECK((sum.size() == 16 * 8 && sum.rbegin()->first == 15));
}

TEST_CASE("cuda index: ldmatrix delivers the fragments") {
  for (int lane = 0; lane < 32; ++lane) {
    for (int i = 0; i < 4; ++i) {
      const Place a = ldmatrix_a(8 * i + lane / 4), b = ldmatrix_b(8 * i + lane / 4);
      CHECK(Place{a.row, a.column * 4 + lane % 4} == fragment_a(lane, i));
      const Place want = fragment_b(lane, i % 2);
      CHECK(Place{b.row, b.column * 4 + lane % 4} == Place{want.row + i / 2 * 8, want.column});
      for (int j = 0; j < 2; ++j) {  // the two halves of a register
        const Place t = ldmatrix_transposed(8 * i + lane % 4 * 2 + j);
        CHECK(t.row == want.column * 2 + j);
        CHECK(t.column * 8 + lane / 4 == want.row + i / 2 * 8);
      }
    }
  }
}

TEST_CASE("cuda index: swizzles are bijective and free of bank conflicts") {
  std::set<int> places;
  for (int row = 0; row < 160; ++row) {
    for (int chunk = 0; chunk < kTileChunks; ++chunk) places.insert(tile_chunk(row, chunk));
  }
  CHECK((places.size() == 640 && *places.rbegin() == 639));
  bool second_step = true;
  for (int row = 0; row < 160; ++row) {
    for (int chunk = 0; chunk < 2; ++chunk) {
      second_step &= tile_chunk(row, 2 + chunk) == (tile_chunk(row, chunk) ^ in_step(1));
    }
  }
  CHECK(second_step);
  for (int row = 0; row < 144; row += 8) {
    for (int step = 0; step < kTileChunks; step += 2) {
      CHECK(free_of_conflicts([&](int lane) {
        return tile_chunk(row + ldmatrix_a(lane).row, step + ldmatrix_a(lane).column);
      }));
      CHECK(free_of_conflicts([&](int lane) {
        return tile_chunk(row + ldmatrix_b(lane).row, step + ldmatrix_b(lane).column);
      }));
    }
    CHECK(free_of_conflicts([&](int lane) {  // the writes of cp.async
      const Place p = copied_chunk(row * kTileChunks + lane, 1 << 20, 0);
      return tile_chunk(p.row, p.column);
    }));
  }
  for (int width = 8; width <= 512; width += 8) {
    const int ld = padded_chunks(width / 8);
    CHECK(ld >= width / 8);
    for (const auto place : {ldmatrix_a, ldmatrix_b, ldmatrix_transposed}) {
      CHECK(free_of_conflicts([&](int lane) { return place(lane).row * ld + place(lane).column; }));
    }
  }
}

TEST_CASE("cuda index: attention copies every chunk once, without conflicts of banks") {
  for (const int chunks : {1, 5, 8, 10, 12, 20}) {
    CAPTURE(chunks);
    const int rows = 64, ld = padded_chunks(chunks);
    std::set<int> copied;
    for (int i = 0; i < rows * chunks; i += 32) {
      const auto at = [&](int lane) {
        const Place p = attention_chunk(chunks, i + lane);
        CHECK((p.row < rows && p.column < chunks));
        return p.row * ld + p.column;
      };
      for (int lane = 0; lane < 32; ++lane) copied.insert(at(lane));
      CHECK(free_of_conflicts(at));
    }
    CHECK(copied.size() == static_cast<size_t>(rows * chunks));
  }
}

TEST_CASE("cuda index: every chunk of a tile is copied once") {
  for (const TileSizes& t : kTileSizes) {
    const int threads = t.threads();
    for (const int rows : {t.bm, t.bn}) {
      std::multiset<int> copied;
      for (int thread = 0; thread < threads; ++thread) {
        for (int i = 0; i < copies(rows, threads); ++i) {
          const Place p = copied_chunk(thread, threads, i);
          CHECK(p.column == thread % kTileChunks);  // a thread walks one column of chunks
          if (p.row < rows) copied.insert(tile_chunk(p.row, p.column));
        }
      }
      CHECK(copied.size() == static_cast<size_t>(rows * kTileChunks));
      CHECK(std::set<int>(copied.begin(), copied.end()).size() == copied.size());
    }
  }
}

TEST_CASE("cuda index: walks meet every chunk in order") {
  const auto check = [](const auto& view) {
    std::vector<std::pair<int, int>> expected;
    for (int s = 0; s < view.segments(); ++s) {
      for (int c = 0; c < view.chunks(s); ++c) expected.push_back({s, c});
    }
    CHECK(view.total() == static_cast<int>(expected.size()));
    for (int start = 0; start < 8; ++start) {
      Walk at = walk_to(view, start);
      for (int chunk = start; chunk < view.total() + 9; chunk += kTileChunks) {
        if (chunk < view.total()) {
          CHECK(at.segment == expected[chunk].first);
          CHECK(at.chunk == expected[chunk].second);
        } else {
          CHECK(at.segment == view.segments());
        }
        at = advance(view, at, kTileChunks);
      }
    }
  };
  for (const int a : {1, 2, 3, 5, 40}) {
    for (const int b : {0, 1, 4, 7}) check(LinearView{1, a, b, a, b});
    check(ConvView{1, 3, 3, 3, 3, a, a, 1, 1, 1, 0});
  }
}

TEST_CASE("cuda index: taps meet the pixels of a padded, strided or enlarged picture") {
  struct Case {
    int h, w, out_h, out_w, stride, top, left;
    bool upsample;
  };
  for (const Case& c : {Case{1, 1, 1, 1, 1, 1, 1, false},
                        {5, 7, 5, 7, 1, 1, 1, false},
                        {6, 6, 3, 3, 2, 1, 1, false},
                        {7, 5, 4, 3, 2, 1, 1, false},
                        {6, 8, 3, 4, 2, 0, 0, false},
                        {4, 3, 8, 6, 1, 1, 1, true},
                        {4, 5, 7, 9, 1, 1, 1, true},
                        {70000, 1, 140000, 1, 1, 1, 1, true},
                        {70000, 1, 139999, 1, 1, 1, 1, true}}) {
    const ConvView v{2,
                     c.h,
                     c.w,
                     c.out_h,
                     c.out_w,
                     1,
                     1,
                     c.stride,
                     c.top,
                     c.left,
                     upsampling(c.upsample, c.h, c.w, c.out_h, c.out_w)};
    int wrong = 0, row = 0;
    const int step = c.h > 1000 ? 997 : 1;
    for (int n = 0; n < 2; ++n) {
      for (int y = 0; y < c.out_h; ++y) {
        for (int x = 0; x < c.out_w; ++x, ++row) {
          if (row % step != 0) continue;
          const Corner corner = corner_of(v, row);
          for (int tap = 0; tap < 9; ++tap) {
            int64_t iy = y * c.stride + tap / 3 - c.top, ix = x * c.stride + tap % 3 - c.left;
            const bool inside = iy >= 0 && iy < (c.upsample ? c.out_h : c.h) && ix >= 0 &&
                                ix < (c.upsample ? c.out_w : c.w);
            if (c.upsample) iy = iy * c.h / c.out_h, ix = ix * c.w / c.out_w;
            const int64_t want = inside ? (static_cast<int64_t>(n) * c.h + iy) * c.w + ix : -1;
            wrong += pixel_of(v, corner, tap) != want;
          }
        }
      }
    }
    CHECK(wrong == 0);
    CHECK(pixel_of(v, corner_of(v, v.rows()), 4) == -1);
  }
}

TEST_CASE("cuda index: tiles, slices and chunks of rows cover everything once") {
  for (const int m : {1, 3, 8, 9, 17, 64}) {
    for (const int n : {1, 2, 5, 8}) {
      std::set<std::pair<int, int>> met;
      for (int block = 0; block < m * n; ++block) {
        const Place p = tile_of(block, m, n);
        CHECK((p.row >= 0 && p.row < m && p.column >= 0 && p.column < n));
        met.insert({p.row, p.column});
      }
      CHECK(met.size() == static_cast<size_t>(m * n));
    }
  }
  for (int total = 1; total < 50; ++total) {
    for (int slices = 1; slices <= std::min(total, 8); ++slices) {
      int end = 0;
      for (int s = 0; s < slices; ++s) {
        const Slice slice = slice_of(total, slices, s);
        CHECK(slice.begin == end);
        CHECK(slice.end > slice.begin);
        end = slice.end;
      }
      CHECK(end == total);
    }
  }
  for (const int m : {1, 77, 512, 8192, 262144}) {
    for (const int n : {4, 320, 1280, 49408}) {
      for (const int k : {1, 2, 10, 90, 360}) {
        const TileConfig config = choose_tile_config(m, n, k, 132);
        CHECK(config.slices <= k);
        const int counters = ceil_div(m, config.bm) * ceil_div(n, config.bn);
        CHECK((config.slices == 1 || counters <= kMaxSplitTiles));
      }
    }
  }
  for (const int rows : {1, 2, 15, 4096, 262144}) {
    for (const int channels : {1, 3, 32, 320, 2560, 4096}) {
      const RowChunks s = row_chunks_of(rows, channels, 256, 128);
      CHECK(s.columns * s.lanes <= 256);
      CHECK((s.row_chunks <= 128 && s.row_chunks * s.rows >= rows &&
             (s.row_chunks - 1) * s.rows < rows));
    }
  }
}

TEST_CASE("cuda index: a row of channels in shared memory has a bank for each thread") {
  const auto apart = [](const std::vector<int>& words) {
    std::set<int> banks;
    for (const int word : words) banks.insert(word % 32);
    return banks.size() == words.size();
  };
  for (int chunks = 1; chunks <= 320; ++chunks) {
    const ChannelRow row{chunks};
    CAPTURE(chunks);
    std::set<int> places;
    for (int c = 0; c < 8 * chunks; ++c) places.insert(row.place(c));
    CHECK(places.size() == static_cast<size_t>(8) * chunks);
    CHECK(*places.rbegin() < row.length());
    CHECK(row.length() % 4 == 0);
    std::set<int> nth;
    for (int i = 0; i < 8 * chunks; ++i) nth.insert(row.nth_place(i));
    CHECK(nth == places);
    // A warp reads a channel each, from any on.
    for (int first = 0; first + 32 <= 8 * chunks && chunks % 4 == 0; first += 8) {
      std::vector<int> words;
      for (int c = first; c < first + 32; ++c) words.push_back(row.place(c));
      CHECK(apart(words));
    }
    // Eight threads write four words each, some of them into the next row.
    for (int thread = 0; thread < 64 && chunks > 4; thread += 8) {
      std::vector<int> words;
      for (int t = thread; t < thread + 8; ++t) {
        for (int i = 0; i < 4; ++i) {
          words.push_back(t / chunks * row.length() + row.place(t % chunks * 8) + i);
        }
      }
      CHECK(apart(words));
    }
  }
}

TEST_CASE("cuda index: groups of a block are whole chunks, and little enough for it") {
  for (const int rows : {1, 64, 1024, 4096}) {
    for (const int channels : {32, 320, 640, 960, 1280, 1920, 2560}) {
      for (const int groups : {1, 4, 32}) {
        const int each = whole_groups_of(rows, channels, groups);
        if (each == 0) continue;
        CHECK(groups % each == 0);
        CHECK(each * (channels / groups) % 8 == 0);
        CHECK(each <= kMaxWholeGroups);
        CHECK(each * (channels / groups) <= 8 * kWholeThreads);
        CHECK(static_cast<int64_t>(rows) * each * (channels / groups) <= 48 << 10);
      }
    }
  }
  CHECK(whole_groups_of(1024, 640, 32) == 2);
  CHECK(whole_groups_of(4096, 320, 32) == 0);
}

TEST_CASE("cuda index: rope turns every pair of a row once, about its axis") {
  for (const int axes : {1, 2, 3}) {
    for (const int half : {1, 5, 8}) {
      for (const int interleaved : {0, 1}) {
        const RopePairs pairs{4 * axes, 17, half, axes, interleaved};
        std::set<int> columns;
        for (int i = 0; i < pairs.count(); ++i) {
          const RopePair p = rope_pair(pairs, i);
          const int slice = p.first / 17, within = p.first % 17;
          CHECK(p.second == p.first + (interleaved ? 1 : half));
          CHECK(p.second / 17 == slice);
          CHECK(p.axis == slice % axes);
          CHECK(p.frequency == (interleaved ? within / 2 : within));
          columns.insert({p.first, p.second});
        }
        CHECK(columns.size() == 2 * static_cast<size_t>(pairs.count()));
      }
    }
  }
}
