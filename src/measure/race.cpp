#include "measure/race.h"

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <utility>

namespace optlab::measure {

Race::Race(std::vector<Contender> contenders, SamplingOptions options) : options_(std::move(options)) {
  validate(options_);
  if (contenders.empty()) throw std::invalid_argument("Race: no contenders");
  const double limit = warm_up_limit(options_, static_cast<int>(contenders.size()));
  for (Contender& contender : contenders)
    entries_.push_back({Sampler(std::move(contender), options_, limit), {}, false});
}

bool Race::step() {
  if (finished_) return false;
  const double start = options_.clock();
  if (warming_ < size()) {
    Sampler& sampler = entries_[static_cast<std::size_t>(warming_)].sampler;
    sampler.warm_up();
    if (sampler.warm()) ++warming_;
  } else {
    measure_next();
  }
  spent_ += options_.clock() - start;
  const bool all_settled = std::all_of(entries_.begin(), entries_.end(), [](const Entry& e) { return e.settled; });
  finished_ = round_ > 0 && (all_settled || spent_ >= options_.max_seconds);
  update_progress();
  return !finished_;
}

void Race::measure_next() {
  const int index = round_ % 2 == 0 ? position_ : size() - 1 - position_;
  Entry& entry = entries_[static_cast<std::size_t>(index)];
  entry.sampler.measure();
  entry.statistics = summarize(entry.sampler.samples());
  entry.settled = is_settled(*entry.statistics, options_);
  if (++position_ == size()) {
    position_ = 0;
    ++round_;
  }
}

void Race::update_progress() {
  // Whichever end is nearer: the time limit, or all lanes settled (warm-up is about a third of that way). How many
  // batches a lane needs isn't known beforehand, so an unsettled one stops short of its share.
  double settling = 0.3 * warming_;
  for (const Entry& entry : entries_) {
    const double batches = static_cast<double>(entry.sampler.samples().size());
    settling += 0.7 * (entry.settled ? 1.0 : std::min(0.9, batches / (2.0 * options_.least_batches)));
  }
  const double now = std::min(0.99, std::max(spent_ / options_.max_seconds, settling / size()));
  progress_ = finished_ ? 1.0 : std::max(progress_, now);
}

const Race::Entry& Race::entry(int lane) const {
  if (lane < 0 || lane >= size()) {
    throw std::out_of_range("Race: lane " + std::to_string(lane) + " of " + std::to_string(size()));
  }
  return entries_[static_cast<std::size_t>(lane)];
}

Lane Race::lane(int index) const {
  const Entry& e = entry(index);
  const Contender& contender = e.sampler.contender();
  return {contender.name, contender.flops, contender.bytes, e.settled, static_cast<int>(e.sampler.discarded().size()),
          e.statistics};
}

std::vector<Lane> Race::lanes() const {
  std::vector<Lane> result;
  result.reserve(entries_.size());
  for (int i = 0; i < size(); ++i) result.push_back(lane(i));
  return result;
}

std::span<const double> Race::samples(int lane) const { return entry(lane).sampler.samples(); }

std::span<const Discarded> Race::discarded(int lane) const { return entry(lane).sampler.discarded(); }

}  // namespace optlab::measure
