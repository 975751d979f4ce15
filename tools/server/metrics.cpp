#include "tools/server/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <unistd.h>

#include <fstream>

namespace yent::server {
namespace {

using prometheus::Family;

// Of this process, in bytes.
double resident_bytes() {
  std::ifstream in("/proc/self/statm");
  double pages = 0, resident = 0;
  in >> pages >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

struct Metrics::Parts {
  prometheus::Registry registry;
  Family<prometheus::Counter>& requests = prometheus::BuildCounter()
                                              .Name("yent_requests_total")
                                              .Help("Requests that were answered.")
                                              .Register(registry);
  Family<prometheus::Histogram>& seconds = prometheus::BuildHistogram()
                                               .Name("yent_request_seconds")
                                               .Help("Time to the end of the answer.")
                                               .Register(registry);
  Family<prometheus::Gauge>& jobs = prometheus::BuildGauge()
                                        .Name("yent_jobs_total")
                                        .Help("Jobs by how they ended.")
                                        .Register(registry);
  Family<prometheus::Gauge>& work = prometheus::BuildGauge()
                                        .Name("yent_work_total")
                                        .Help("Pictures and steps that were painted.")
                                        .Register(registry);
  Family<prometheus::Gauge>& now =
      prometheus::BuildGauge().Name("yent_now").Help("What there is now.").Register(registry);
  Family<prometheus::Gauge>& memory = prometheus::BuildGauge()
                                          .Name("process_resident_memory_bytes")
                                          .Help("Resident memory.")
                                          .Register(registry);
  Family<prometheus::Gauge>& stages = prometheus::BuildGauge()
                                          .Name("yent_step_seconds_total")
                                          .Help("Time that steps of painting took.")
                                          .Register(registry);
};

Metrics::Metrics() : parts_(std::make_unique<Parts>()) {}
Metrics::~Metrics() = default;

void Metrics::count_request(const std::string& route, const std::string& method, int status,
                            std::chrono::microseconds took) {
  parts_->requests.Add({{"route", route}, {"method", method}, {"status", std::to_string(status)}})
      .Increment();
  const prometheus::Histogram::BucketBoundaries bounds{0.001, 0.005, 0.02, 0.1, 0.5,
                                                       2,     10,    60,   300};
  parts_->seconds.Add({{"route", route}}, bounds)
      .Observe(std::chrono::duration<double>(took).count());
}

std::string Metrics::text(const Jobs& jobs, const HttpStatistics& http) {
  const JobCounts& counts = jobs.counts();
  const auto set = [](Family<prometheus::Gauge>& family, const char* key, const char* value,
                      double number) {
    family.Add({{key, value}}).Set(number);
  };
  set(parts_->jobs, "end", "done", static_cast<double>(counts.done));
  set(parts_->jobs, "end", "failed", static_cast<double>(counts.failed));
  set(parts_->jobs, "end", "cancelled", static_cast<double>(counts.cancelled));
  set(parts_->jobs, "end", "refused", static_cast<double>(counts.refused));
  set(parts_->work, "of", "pictures", static_cast<double>(counts.pictures));
  set(parts_->work, "of", "steps", static_cast<double>(counts.steps));
  set(parts_->now, "of", "queued_jobs", static_cast<double>(jobs.waiting()));
  set(parts_->now, "of", "painting", jobs.paints() ? 1 : 0);
  set(parts_->now, "of", "connections", static_cast<double>(http.connections));
  set(parts_->now, "of", "streams", static_cast<double>(http.streams));
  parts_->stages.Add({}).Set(counts.step_seconds);
  parts_->memory.Add({}).Set(resident_bytes());
  return prometheus::TextSerializer().Serialize(parts_->registry.Collect());
}

}  // namespace yent::server
