// Python's pickle format as data: a graph of values, with nothing imported and nothing called.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace yent {

// Index of a value in its graph. Values refer to each other by index, so a shared or cyclic graph
// needs no counting and its end no recursion.
using PickleId = uint32_t;

struct PickleValue {
  enum class Kind : uint8_t {
    none,
    boolean,     // integer: 0 or 1
    integer,     // integer
    opaque,      // a number that int64 cannot hold, a float
    bytes,       // text
    string,      // text, UTF-8 unchecked; Python 2's strings too
    tuple,       // items
    list,        // items; sets too
    dict,        // items: key, value, key, value, ...
    global,      // text: module.name
    call,        // of a global: items[0] the global, items[1] its arguments
    persistent,  // items[0]: what identifies an object outside of the pickle
  };

  Kind kind = Kind::none;
  uint32_t depth = 0;  // of the values below it, as far as known when they were put there
  int64_t integer = 0;
  std::string_view text = {};  // into the pickle, or into PickleGraph::names
  std::vector<PickleId> items = {};
  // Of a call: what was put into its result (an OrderedDict's entries), key, value, ...; and the
  // state that it was given (an object's attributes), 0 when there is none.
  std::vector<PickleId> entries = {};
  PickleId state = 0;
};

struct PickleGraph {
  std::vector<PickleValue> values;
  PickleId root = 0;
  std::deque<std::string> names;  // of the globals; a deque because their texts point into it

  const PickleValue& operator[](PickleId id) const { return values[id]; }
};

// How a pickle may use a global. Whatever the answer, it is only a name.
enum class PickleUse {
  none,
  any,
  // As pickle writes a class that is derived from dict or OrderedDict, and in no other way:
  // called without arguments, the result filled with items.
  dictionary,
};
using AllowGlobal = std::function<PickleUse(std::string_view module, std::string_view name)>;

// Runs the opcodes of protocols 2 to 5 that torch.save emits. The graph's texts point into
// `pickle`. Refuses other opcodes and protocols, globals that `allow` refuses, broken stacks and
// memos, more than a million values, a depth over 1000, and bytes after the end. Throws a file
// error that begins with `where`. Memory is at most proportional to the pickle, with those limits.
PickleGraph read_pickle(std::span<const std::byte> pickle, const AllowGlobal& allow,
                        const std::string& where);

// The same for the first of several pickles that follow each other: takes it off the front.
PickleGraph take_pickle(std::span<const std::byte>& pickles, const AllowGlobal& allow,
                        const std::string& where);

}  // namespace yent
