#include "src/io/slab_reader.h"

#include <algorithm>
#include <string>
#include <vector>

namespace grainspin {
namespace {

class SlabReader final : public FieldReader {
 public:
  SlabReader(FieldReader& archive, int first, int count) : archive_(archive), first_(first), info_(archive.info()) {
    const Shape whole = info_.shape;
    require(count >= 1 && count <= whole.nz, Errc::kArgument, info_.path + ": no such planes");
    nz_ = whole.nz;
    plane_ = std::int64_t(whole.nx) * whole.ny;
    const double thickness = info_.size[2] / whole.nz;
    info_.shape.nz = count;
    info_.size[2] = thickness * count;
    info_.origin[2] += thickness * first;
    count_phases();
  }

  const ArchiveInfo& info() const override { return info_; }
  void orientation(int step, std::int64_t begin, std::int64_t count, float* q) override {
    parts(begin, count, [&](std::int64_t at, std::int64_t n, std::int64_t done) { archive_.orientation(step, at, n, q + done * 4); });
  }
  void F(int step, std::int64_t begin, std::int64_t count, float* F) override {
    parts(begin, count, [&](std::int64_t at, std::int64_t n, std::int64_t done) { archive_.F(step, at, n, F + done * 9); });
  }
  void P(int step, std::int64_t begin, std::int64_t count, float* P) override {
    parts(begin, count, [&](std::int64_t at, std::int64_t n, std::int64_t done) { archive_.P(step, at, n, P + done * 9); });
  }
  void stress(int step, std::int64_t begin, std::int64_t count, float* sigma) override {
    parts(begin, count, [&](std::int64_t at, std::int64_t n, std::int64_t done) { archive_.stress(step, at, n, sigma + done * 6); });
  }
  void phase(std::int64_t begin, std::int64_t count, std::int32_t* phase) override {
    parts(begin, count, [&](std::int64_t at, std::int64_t n, std::int64_t done) { archive_.phase(at, n, phase + done); });
  }
  void grain(std::int64_t begin, std::int64_t count, std::int32_t* grain) override {
    parts(begin, count, [&](std::int64_t at, std::int64_t n, std::int64_t done) { archive_.grain(at, n, grain + done); });
  }

 private:
  void count_phases() {
    for (PhaseInfo& phase : info_.phases) phase.voxels = info_.phases.size() == 1 ? info_.shape.voxels() : 0;
    if (info_.phases.size() <= 1) return;
    std::vector<std::int32_t> ids(static_cast<std::size_t>(plane_));
    for (int z = 0; z < info_.shape.nz; ++z) {
      phase(z * plane_, plane_, ids.data());
      for (const std::int32_t id : ids) ++info_.phases.at(std::size_t(id)).voxels;
    }
  }

  // Cells of the slab as runs of cells of the archive: one, or two where the planes go over its end.
  template <class F>
  void parts(std::int64_t begin, std::int64_t count, F&& f) const {
    require(begin >= 0 && count >= 0 && begin <= info_.shape.voxels() && count <= info_.shape.voxels() - begin, Errc::kArgument,
            info_.path + ": no such cells of the slab");
    for (std::int64_t done = 0; done < count;) {
      const std::int64_t at = begin + done, within = at % plane_;
      const std::int64_t z = fold(first_ + int(at / plane_), nz_, Boundary::kPeriodic);
      const std::int64_t n = std::min(count - done, (nz_ - z) * plane_ - within);
      f(z * plane_ + within, n, done);
      done += n;
    }
  }

  FieldReader& archive_;
  int first_, nz_ = 0;
  std::int64_t plane_ = 0;
  ArchiveInfo info_;
};

}  // namespace

std::unique_ptr<FieldReader> slab_of_archive(FieldReader& archive, int first, int count) {
  return std::make_unique<SlabReader>(archive, first, count);
}

}  // namespace grainspin
