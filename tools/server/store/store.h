// The store on a thread of its own. What is asked for is done in that order; answers come on the
// network thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "kernels/error.h"
#include "tools/server/http/loop.h"
#include "tools/server/store/disk_store.h"
#include "tools/server/workers/there_and_back.h"

namespace yent::server {

// A result, or what went wrong.
template <class T>
struct Outcome {
  std::optional<T> value = {};
  std::optional<Error> error = {};
};

struct Done {};  // the result of what has none

class Store {
 public:
  Store(Loop& loop, std::unique_ptr<DiskStore> disk) : loop_(loop), disk_(std::move(disk)) {}

  // Calls `what` on the store's thread and `then` on the network thread.
  template <class What, class Then>
  void ask(What what, Then then) {
    using Raw = std::invoke_result_t<What, DiskStore&>;
    using T = std::conditional_t<std::is_void_v<Raw>, Done, Raw>;
    const auto outcome = std::make_shared<Outcome<T>>();
    there_and_back(
        thread_, loop_,
        [this, outcome, what = std::move(what)]() mutable {
          try {
            if constexpr (std::is_void_v<Raw>) {
              what(*disk_);
              outcome->value = Done{};
            } else {
              outcome->value = what(*disk_);
            }
          } catch (const Error& error) {
            outcome->error = Error(error.kind(), without_folder(error.what()));
          } catch (const std::exception& error) {
            outcome->error = run_error("{}", error.what());
          }
        },
        [outcome, then = std::move(then)]() mutable { then(std::move(*outcome)); });
  }

  // Does what was asked for, then ends the thread.
  void finish() { thread_.finish(); }
  size_t waiting() const { return thread_.waiting(); }

 private:
  // Nobody outside learns where the store is.
  std::string without_folder(std::string sentence) const {
    const std::string folder = disk_->folder().string() + "/";
    for (size_t at = sentence.find(folder); at != sentence.npos; at = sentence.find(folder)) {
      sentence.erase(at, folder.size());
    }
    return sentence;
  }

  Loop& loop_;
  std::unique_ptr<DiskStore> disk_;
  WorkThread thread_;  // last: it ends before the disk does
};

}  // namespace yent::server
