// The opcodes are those of CPython's Lib/pickletools.py, which also documents each.
#include "loaders/tensors/pickle.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "kernels/error.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {
namespace {

constexpr size_t max_values = 1'000'000;
constexpr uint32_t max_depth = 1000;

enum Op : uint8_t {
  MARK = '(',
  STOP = '.',
  POP = '0',
  POP_MARK = '1',
  BINFLOAT = 'G',
  BININT = 'J',
  BININT1 = 'K',
  BININT2 = 'M',
  NONE = 'N',
  BINPERSID = 'Q',
  REDUCE = 'R',
  BINSTRING = 'T',
  SHORT_BINSTRING = 'U',
  BINUNICODE = 'X',
  EMPTY_LIST = ']',
  APPEND = 'a',
  BUILD = 'b',
  GLOBAL = 'c',
  EMPTY_DICT = '}',
  APPENDS = 'e',
  BINGET = 'h',
  LONG_BINGET = 'j',
  BINPUT = 'q',
  LONG_BINPUT = 'r',
  SETITEM = 's',
  TUPLE = 't',
  EMPTY_TUPLE = ')',
  SETITEMS = 'u',
  BINBYTES = 'B',
  SHORT_BINBYTES = 'C',
  PROTO = 0x80,
  NEWOBJ = 0x81,
  TUPLE1 = 0x85,
  TUPLE2 = 0x86,
  TUPLE3 = 0x87,
  NEWTRUE = 0x88,
  NEWFALSE = 0x89,
  LONG1 = 0x8a,
  LONG4 = 0x8b,
  SHORT_BINUNICODE = 0x8c,
  BINUNICODE8 = 0x8d,
  BINBYTES8 = 0x8e,
  EMPTY_SET = 0x8f,
  ADDITEMS = 0x90,
  FROZENSET = 0x91,
  NEWOBJ_EX = 0x92,
  STACK_GLOBAL = 0x93,
  MEMOIZE = 0x94,
  FRAME = 0x95,
  BYTEARRAY8 = 0x96,
};

using Kind = PickleValue::Kind;

class Machine {
 public:
  Machine(std::span<const std::byte> pickle, const AllowGlobal& allow, const std::string& where)
      : pickle_(pickle), allow_(allow), where_(where) {}

  PickleGraph run();
  size_t used() const { return at_; }

 private:
  // Reading.
  template <class T>
  T read() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  std::string_view take(uint64_t count);
  std::string_view line();
  PickleValue long_integer(uint64_t count);

  // The stack. A pop never reaches below the last mark.
  void push(PickleId id) { stack_.push_back(id); }
  void push(PickleValue value);
  PickleId pop();
  PickleId top() const;
  std::vector<PickleId> pop_to_mark();

  // Building.
  void tuple(size_t count);
  void collect(Kind kind);
  void put_under(PickleId parent, const std::vector<PickleId>& children, bool pairs);
  void deepen(PickleId parent, PickleId child);
  void global(std::string_view module, std::string_view name);
  std::optional<std::string_view> module_class(PickleId id) const;
  void call(size_t arguments);
  void check_dictionaries() const;
  void store(uint64_t key);
  void fetch(uint64_t key);

  // Opcodes, by kind. Each function executes one of its own, and returns false for all others.
  bool run_stack(uint8_t op);
  bool push_scalar(uint8_t op);
  bool push_text(uint8_t op);
  bool build_container(uint8_t op);
  bool build_object(uint8_t op);
  bool run_memo(uint8_t op);
  bool step(uint8_t op);

  template <class... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> form, Args&&... args) const {
    throw file_error("{}: byte {}: {}", where_, op_at_,
                     fmt::format(form, std::forward<Args>(args)...));
  }

  std::span<const std::byte> pickle_;
  const AllowGlobal& allow_;
  const std::string& where_;
  size_t at_ = 0, op_at_ = 0;
  std::vector<PickleValue> values_;
  std::deque<std::string> names_;
  std::vector<PickleId> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint64_t, PickleId> memo_;
  // The globals that may only be dictionaries, by name.
  struct Dictionary {
    size_t named_at = 0;
    bool filled = false;
  };
  std::map<std::string_view, Dictionary> dictionaries_;
};

std::string_view Machine::take(uint64_t count) {
  if (count > pickle_.size() - at_) fail("the pickle ends inside an opcode");
  const auto* begin = reinterpret_cast<const char*>(pickle_.data() + at_);
  at_ += count;
  return {begin, static_cast<size_t>(count)};
}

std::string_view Machine::line() {
  const auto rest = pickle_.subspan(at_);
  const auto newline = std::find(rest.begin(), rest.end(), std::byte{'\n'});
  if (newline == rest.end()) fail("the pickle ends inside an opcode");
  const std::string_view text = take(static_cast<uint64_t>(newline - rest.begin()));
  take(1);
  return text;
}

// Two's complement of any length, little endian. Longer ones (random states) are kept opaque.
PickleValue Machine::long_integer(uint64_t count) {
  const std::string_view bytes = take(count);
  if (bytes.size() > 8) return {.kind = Kind::opaque};
  int64_t value = !bytes.empty() && (bytes.back() & 0x80) ? -1 : 0;
  std::memcpy(&value, bytes.data(), bytes.size());
  return {.kind = Kind::integer, .integer = value};
}

void Machine::push(PickleValue value) {
  if (values_.size() == max_values) fail("more than {} values", max_values);
  push(static_cast<PickleId>(values_.size()));
  values_.push_back(std::move(value));
}

PickleId Machine::top() const {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) fail("stack underflow");
  return stack_.back();
}

PickleId Machine::pop() {
  const PickleId id = top();
  stack_.pop_back();
  return id;
}

std::vector<PickleId> Machine::pop_to_mark() {
  if (marks_.empty()) fail("no mark on the stack");
  const auto begin = stack_.begin() + static_cast<ptrdiff_t>(marks_.back());
  std::vector<PickleId> items(begin, stack_.end());
  stack_.erase(begin, stack_.end());
  marks_.pop_back();
  return items;
}

void Machine::deepen(PickleId parent, PickleId child) {
  uint32_t& depth = values_[parent].depth;
  depth = std::max(depth, values_[child].depth + 1);
  if (depth > max_depth) fail("values nested deeper than {}", max_depth);
}

void Machine::tuple(size_t count) {
  const size_t floor = marks_.empty() ? 0 : marks_.back();
  if (stack_.size() - floor < count) fail("stack underflow");
  marks_.push_back(stack_.size() - count);
  collect(Kind::tuple);
}

void Machine::collect(Kind kind) {
  std::vector<PickleId> items = pop_to_mark();
  push({.kind = kind});
  for (const PickleId item : items) deepen(stack_.back(), item);
  values_.back().items = std::move(items);
}

// Appends to a list, sets items of a dict, or does either to the result of a call.
void Machine::put_under(PickleId parent, const std::vector<PickleId>& children, bool pairs) {
  if (pairs && children.size() % 2 != 0) fail("a key without a value");
  PickleValue& value = values_[parent];
  if (value.kind != Kind::call && value.kind != (pairs ? Kind::dict : Kind::list)) {
    fail("items for what is no {}", pairs ? "dict" : "list");
  }
  for (const PickleId child : children) deepen(parent, child);
  if (value.kind == Kind::call && !pairs) return;  // a subclass of list: inert
  if (value.kind == Kind::call && !children.empty()) {
    const auto dictionary = dictionaries_.find(values_[value.items[0]].text);
    if (dictionary != dictionaries_.end()) dictionary->second.filled = true;
  }
  auto& items = value.kind == Kind::call ? value.entries : value.items;
  items.insert(items.end(), children.begin(), children.end());
}

void Machine::global(std::string_view module, std::string_view name) {
  std::string full = fmt::format("{}.{}", module, name);
  const PickleUse use = allow_(module, name);
  if (use == PickleUse::none) fail("the pickle asks for {}, which is refused", printable(full));
  names_.push_back(std::move(full));
  if (use == PickleUse::dictionary) dictionaries_.emplace(names_.back(), Dictionary{op_at_});
  push({.kind = Kind::global, .text = names_.back()});
}

// torch's format before 1.6 writes a module's class as the persistent id ("module", class, file,
// source code); the class is a global that was allowed.
std::optional<std::string_view> Machine::module_class(PickleId id) const {
  const PickleValue& tuple = values_[id];
  if (tuple.kind != Kind::tuple || tuple.items.size() != 4) return {};
  const PickleValue &word = values_[tuple.items[0]], &type = values_[tuple.items[1]];
  if (word.kind != Kind::string || word.text != "module" || type.kind != Kind::global) return {};
  return type.text;
}

// REDUCE, NEWOBJ and NEWOBJ_EX, all alike: a global and one or two tuples (dicts) of arguments.
void Machine::call(size_t arguments) {
  std::vector<PickleId> items(arguments + 1);
  for (size_t i = items.size(); i-- > 0;) items[i] = pop();
  if (values_[items[0]].kind != Kind::global) fail("a call of what is no global");
  if (values_[items[1]].kind != Kind::tuple) fail("a call without a tuple of arguments");
  const std::string_view name = values_[items[0]].text;
  if (dictionaries_.contains(name) && (arguments != 1 || !values_[items[1]].items.empty())) {
    fail("the pickle asks for {}, which is refused", printable(name));
  }
  push({.kind = Kind::call});
  for (const PickleId item : items) deepen(stack_.back(), item);
  values_.back().items = std::move(items);
}

// Whether each such class was used as one is known only at the end.
void Machine::check_dictionaries() const {
  for (const auto& [name, dictionary] : dictionaries_) {
    if (dictionary.filled) continue;
    throw file_error("{}: byte {}: the pickle asks for {}, which is refused", where_,
                     dictionary.named_at, printable(name));
  }
}

void Machine::store(uint64_t key) {
  const PickleId id = top();
  if (memo_.size() == max_values && !memo_.contains(key)) {
    fail("a memo of more than {} values", max_values);
  }
  memo_[key] = id;
}

void Machine::fetch(uint64_t key) {
  const auto found = memo_.find(key);
  if (found == memo_.end()) fail("nothing in memo {}", key);
  if (stack_.size() == max_values) fail("a stack of more than {} values", max_values);
  push(found->second);
}

// Marks, and values that are thrown away.
bool Machine::run_stack(uint8_t op) {
  switch (op) {
    case MARK:
      marks_.push_back(stack_.size());
      if (marks_.size() > max_depth) fail("marks nested deeper than {}", max_depth);
      break;
    case POP:
      // Python's POP also takes a mark that lies on top.
      if (!marks_.empty() && marks_.back() == stack_.size()) {
        marks_.pop_back();
      } else {
        pop();
      }
      break;
    case POP_MARK:
      pop_to_mark();
      break;
    default:
      return false;
  }
  return true;
}

// Values without text or items.
bool Machine::push_scalar(uint8_t op) {
  switch (op) {
    case NONE:
      push({.kind = Kind::none});
      break;
    case NEWTRUE:
    case NEWFALSE:
      push({.kind = Kind::boolean, .integer = op == NEWTRUE});
      break;
    case BININT:
      push({.kind = Kind::integer, .integer = read<int32_t>()});
      break;
    case BININT1:
      push({.kind = Kind::integer, .integer = read<uint8_t>()});
      break;
    case BININT2:
      push({.kind = Kind::integer, .integer = read<uint16_t>()});
      break;
    case LONG1:
      push(long_integer(read<uint8_t>()));
      break;
    case LONG4:
      push(long_integer(read<uint32_t>()));
      break;
    case BINFLOAT:
      take(8);
      push({.kind = Kind::opaque});
      break;
    default:
      return false;
  }
  return true;
}

// Strings and bytes: their length, then their characters.
bool Machine::push_text(uint8_t op) {
  switch (op) {
    case SHORT_BINUNICODE:
    case SHORT_BINSTRING:
      push({.kind = Kind::string, .text = take(read<uint8_t>())});
      break;
    case BINUNICODE:
    case BINSTRING:
      push({.kind = Kind::string, .text = take(read<uint32_t>())});
      break;
    case BINUNICODE8:
      push({.kind = Kind::string, .text = take(read<uint64_t>())});
      break;
    case SHORT_BINBYTES:
      push({.kind = Kind::bytes, .text = take(read<uint8_t>())});
      break;
    case BINBYTES:
      push({.kind = Kind::bytes, .text = take(read<uint32_t>())});
      break;
    case BINBYTES8:
    case BYTEARRAY8:
      push({.kind = Kind::bytes, .text = take(read<uint64_t>())});
      break;
    default:
      return false;
  }
  return true;
}

// Tuples, lists, sets and dicts.
bool Machine::build_container(uint8_t op) {
  switch (op) {
    case EMPTY_TUPLE:
      tuple(0);
      break;
    case TUPLE1:
    case TUPLE2:
    case TUPLE3:
      tuple(op - TUPLE1 + 1u);
      break;
    case TUPLE:
      collect(Kind::tuple);
      break;
    case EMPTY_LIST:
    case EMPTY_SET:
      push({.kind = Kind::list});
      break;
    case FROZENSET:
      collect(Kind::list);
      break;
    case EMPTY_DICT:
      push({.kind = Kind::dict});
      break;
    case APPEND: {
      const PickleId item = pop();
      put_under(top(), {item}, false);
      break;
    }
    case APPENDS:
    case ADDITEMS:
    case SETITEMS: {
      const std::vector<PickleId> items = pop_to_mark();
      put_under(top(), items, op == SETITEMS);
      break;
    }
    case SETITEM: {
      const PickleId value = pop(), key = pop();
      put_under(top(), {key, value}, true);
      break;
    }
    default:
      return false;
  }
  return true;
}

// Globals and calls of them, and objects outside of the pickle.
bool Machine::build_object(uint8_t op) {
  switch (op) {
    case GLOBAL: {
      const std::string_view module = line(), name = line();
      global(module, name);
      break;
    }
    case STACK_GLOBAL: {
      const PickleValue &name = values_[pop()], &module = values_[pop()];
      if (name.kind != Kind::string || module.kind != Kind::string) fail("a global without names");
      global(module.text, name.text);
      break;
    }
    case REDUCE:
    case NEWOBJ:
      call(1);
      break;
    case NEWOBJ_EX:
      call(2);
      break;
    case BUILD: {
      const PickleId state = pop(), object = top();
      if (values_[object].kind != Kind::call) fail("attributes for what is no object");
      deepen(object, state);
      values_[object].state = state;
      break;
    }
    case BINPERSID: {
      const PickleId id = pop();
      if (const auto name = module_class(id)) {
        push({.kind = Kind::global, .text = *name});
        break;
      }
      push({.kind = Kind::persistent});
      deepen(stack_.back(), id);
      values_.back().items = {id};
      break;
    }
    default:
      return false;
  }
  return true;
}

// The memo, and frames.
bool Machine::run_memo(uint8_t op) {
  switch (op) {
    case BINPUT:
      store(read<uint8_t>());
      break;
    case LONG_BINPUT:
      store(read<uint32_t>());
      break;
    case MEMOIZE:
      store(memo_.size());
      break;
    case BINGET:
      fetch(read<uint8_t>());
      break;
    case LONG_BINGET:
      fetch(read<uint32_t>());
      break;
    case FRAME:
      // Only a hint for buffered readers, but a wrong one is refused.
      if (read<uint64_t>() > pickle_.size() - at_) fail("a frame past the end");
      break;
    default:
      return false;
  }
  return true;
}

// Executes one opcode; false after STOP.
bool Machine::step(uint8_t op) {
  if (op == STOP) return false;
  if (!run_stack(op) && !push_scalar(op) && !push_text(op) && !build_container(op) &&
      !build_object(op) && !run_memo(op)) {
    fail("the opcode 0x{:02x} is not one that torch.save emits", op);
  }
  return true;
}

PickleGraph Machine::run() {
  if (read<uint8_t>() != PROTO) fail("no pickle of protocol 2 or later");
  const int protocol = read<uint8_t>();
  if (protocol < 2 || protocol > 5) fail("pickle protocol {}, expected 2 to 5", protocol);
  do {
    op_at_ = at_;
  } while (step(read<uint8_t>()));
  if (stack_.size() != 1 || !marks_.empty()) fail("{} values left, expected one", stack_.size());
  check_dictionaries();
  return {.values = std::move(values_), .root = stack_[0], .names = std::move(names_)};
}

}  // namespace

PickleGraph take_pickle(std::span<const std::byte>& pickles, const AllowGlobal& allow,
                        const std::string& where) {
  Machine machine(pickles, allow, where);
  PickleGraph graph = machine.run();
  pickles = pickles.subspan(machine.used());
  return graph;
}

PickleGraph read_pickle(std::span<const std::byte> pickle, const AllowGlobal& allow,
                        const std::string& where) {
  std::span<const std::byte> rest = pickle;
  PickleGraph graph = take_pickle(rest, allow, where);
  if (!rest.empty()) {
    throw file_error("{}: byte {}: {} bytes after the end", where, pickle.size() - rest.size(),
                     rest.size());
  }
  return graph;
}

}  // namespace yent
