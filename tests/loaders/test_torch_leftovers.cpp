// What training leaves beside the weights, as the libraries write it (torch_leftovers.py in
// tests/golden): parsed, and of no effect. What would run something is refused by its name.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "loaders/tensors/convert.h"
#include "loaders/tensors/torch_file.h"
#include "loaders/tensors/torch_globals.h"
#include "tests/support/archive.h"
#include "tests/support/hostile.h"
#include "tests/support/tree.h"

using namespace yent;
using namespace yent::test;
using namespace std::string_literals;

namespace {

std::filesystem::path golden(const char* name) {
  return in_tree(std::string("tests/golden/") + name);
}

std::vector<float> values(const TensorSet& set, std::string_view name) {
  CAPTURE(std::string(name));
  const HostTensor* tensor = set.find(name);
  REQUIRE(tensor);
  std::vector<float> out(static_cast<size_t>(tensor->count()));
  to_f32(*tensor, out.data());
  return out;
}

using Floats = std::vector<float>;

// A checkpoint of one weight, and of what these opcodes make.
std::string checkpoint_with(const std::string& leftover) {
  const std::string weight = "ctorch._utils\n_rebuild_tensor_v2\n((" + pickle_text("storage") +
                             "ctorch\nFloatStorage\n" + pickle_text("0") + pickle_text("cpu") +
                             "K\x01tQK\x00(K\x01t(K\x01t\x89}tR"s;
  Zip zip;
  zip.add("c/data.pkl",
          "\x80\x02}(" + pickle_text("w") + weight + pickle_text("x") + leftover + "u.");
  zip.add("c/data/0", "\0\0\x80\x3f"s);
  return zip.finish();
}

std::string leftover_refusal(const std::string& leftover) {
  const std::string bytes = checkpoint_with(leftover);
  return refusal([&] { touch(read_torch(MappedFile::borrow(span_of(bytes), "f"))); });
}

}  // namespace

TEST_CASE("torch_leftovers: every kind of value that trainers leave is parsed and ignored") {
  for (const char* name : {"torch_leftovers_2.bin", "torch_leftovers_5.bin"}) {
    CAPTURE(name);
    const TensorSet set = read_torch(golden(name));
    CHECK(set.tensors.size() == 2);
    CHECK(values(set, "a") == Floats{0, 1, 2, 3, 4, 5});
    CHECK(values(set, "b") == Floats{0.5, -2});
    CHECK(set.metadata.at("global_step") == "875000");
  }
}

TEST_CASE("torch_leftovers: a checkpoint of Lightning's Trainer with an omegaconf config") {
  const TensorSet set = read_torch(golden("torch_leftovers_fit.ckpt"));
  CHECK(set.tensors.size() == 2);
  CHECK(values(set, "a.weight") == Floats{0.25, 0.25});
  CHECK(set.metadata.at("global_step") == "4");
}

TEST_CASE("torch_leftovers: tensors with attributes and 8-bit floats, in both formats") {
  for (const char* name : {"torch_kinds.bin", "torch_kinds_legacy.bin"}) {
    CAPTURE(name);
    const TensorSet set = read_tensors(golden(name));
    CHECK(set.tensors.size() == 8);
    CHECK(values(set, "noted") == Floats{1, 2});
    CHECK(values(set, "marked") == Floats{3, 4});
    CHECK(values(set, "buffer") == Floats{5});
    CHECK(values(set, "e4m3") == Floats{1, -0.4375, 448, 0.001953125});
    CHECK(values(set, "e5m2") == Floats{1, -0.4375, 448, 0.001953125});
    CHECK(set.find("e5m2")->dtype == DType::f8_e5m2);
    CHECK(values(set, "row") == Floats{4, 5, 6, 7});
    CHECK(values(set, "across") == Floats{0, 3, 1, 4, 2, 5});
    CHECK(values(set, "half") == Floats{0.5});
  }
}

TEST_CASE("torch_leftovers: learned words, as their two trainers nest them") {
  for (const char* name : {"torch_words.pt", "torch_words_a1111.pt"}) {
    CAPTURE(name);
    const TensorSet set = read_torch(golden(name));
    CHECK(values(set, "string_to_param.*") == Floats{0, 1, 2, 3, 4, 5, 6, 7});
  }
}

TEST_CASE("torch_leftovers: any byte may be wrong") {
  for (const char* name :
       {"torch_leftovers_fit.ckpt", "torch_kinds_legacy.bin", "torch_words.pt"}) {
    const auto found =
        damage(contents(golden(name)), "m.ckpt", [](const auto& file) { touch(read_torch(file)); });
    CHECK(found.cuts_accepted == 0);
    CHECK(found.changes_accepted > 0);
    CHECK(found.changes_accepted < found.changes);
  }
}

TEST_CASE("torch_leftovers: what would run is refused by its name") {
  for (const char* global : {"os\nsystem",
                             "posix\nsystem",
                             "nt\nsystem",
                             "builtins\neval",
                             "builtins\nexec",
                             "__builtin__\neval",
                             "__builtin__\ngetattr",
                             "builtins\ngetattr",
                             "builtins\n__import__",
                             "builtins\nopen",
                             "builtins\ntype",
                             "subprocess\nPopen",
                             "subprocess\ncheck_output",
                             "sys\nexit",
                             "runpy\n_run_code",
                             "importlib\nimport_module",
                             "operator\nattrgetter",
                             "operator\nmethodcaller",
                             "_operator\ngetitem",
                             "functools\npartial",
                             "types\nCodeType",
                             "types\nFunctionType",
                             "code\nInteractiveInterpreter",
                             "pickle\nloads",
                             "marshal\nloads",
                             "shutil\nrmtree",
                             "webbrowser\nopen",
                             "socket\nsocket",
                             "torch\nload",
                             "torch.hub\nload",
                             "torch.storage\n_load_from_bytes",
                             "torch.jit\nload",
                             "numpy.testing._private.utils\nrunstring",
                             "numpy\nload",
                             "_codecs\nencode.x",
                             "pytorch_lightning.utilities.cloud_io\nload",
                             "omegaconf\nOmegaConf.load",
                             "lightning_fabric.utilities.cloud_io\n_load",
                             "collections\nOrderedDict.fromkeys",
                             "torch._utils\n_rebuild_qtensor",
                             "torch.nn.modules.linear\nLinear"}) {
    std::string name = global;
    name[name.find('\n')] = '.';
    CAPTURE(name);
    const std::string code = pickle_text("code");
    // Named, called, called as a method would be, and given attributes.
    for (const std::string& use : {""s, "(" + code + "tR", "(" + code + code + "t\x81", ")R}b"s}) {
      CHECK(contains(leftover_refusal("c" + std::string(global) + "\n" + use),
                     "the pickle asks for " + name + ", which is refused"));
    }
  }
}

TEST_CASE("torch_leftovers: an unknown class is a dictionary, or refused") {
  const std::string item = pickle_text("k") + "K\x01s", two = pickle_text("k") + pickle_text("v");
  const auto use = [](const std::string& name, const std::string& ops) {
    return leftover_refusal("c" + name + "\n" + ops);
  };
  for (const char* name :
       {"__main__\nSettings", "mmcv.utils.config\n_Config", "own\nOuter.Inner"}) {
    CHECK(use(name, ")R" + item) == "");
    CHECK(use(name, ")\x81(" + two + "u}b") == "");
    for (const std::string& ops :
         {""s, ")R"s, ")R}b"s, ")R(u"s, "(K\x01tR"s + item, "))\x92"s + item, ")R]a"s}) {
      CAPTURE(ops);
      CHECK(contains(use(name, ops), "which is refused"));
    }
    // Used well once, and then called.
    CHECK(contains(use(name, "q\x05)R" + item + "0h\x05(K\x01tR"), "which is refused"));
  }
  for (const char* name :
       {"__main__\nsettings", "os\nabort", "own\nOuter.make", "own\n_", "own\n"}) {
    CHECK(contains(use(name, ")R" + item), "which is refused"));
  }
}

TEST_CASE("torch_leftovers: NumPy 1 names its modules otherwise") {
  const std::string dtype = "cnumpy\ndtype\n(" + pickle_text("f8") + "\x89\x88tR";
  CHECK(leftover_refusal("cnumpy.core.multiarray\nscalar\n(" + dtype + pickle_text("12345678") +
                         "tR") == "");
  const std::string empty = "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00t"s;
  CHECK(leftover_refusal(empty + pickle_text("b") + "tR(K\x01(K\x01t" + dtype + "\x89" +
                         pickle_text("12345678") + "tb") == "");
}

TEST_CASE("torch_leftovers: values nested in each other stay bounded") {
  // Objects that are each other's state, and a value that is twice in the next, 64 times over.
  CHECK(leftover_refusal("ctypes\nSimpleNamespace\nq\x05)Rq\x06h\x05)Rq\x07h\x06"s + "bh\x06h\x07" +
                         "b\x87") == "");
  // A parameter that is the argument of itself, through a list.
  CHECK(leftover_refusal("ctorch._tensor\n_rebuild_from_type_v2\n(ctorch._utils\n_rebuild_"
                         "parameter\nctorch\nTensor\n]q\x05NtRq\x06h\x05h\x06"s +
                         "a0") == "");
  std::string twice = "Nq\x05";
  for (int i = 0; i < 64; ++i) twice += "h\x05\x86q\x05";
  CHECK(leftover_refusal(twice) == "");
  std::string deep = "N";
  for (int i = 0; i < 1001; ++i) deep += "0ctypes\nSimpleNamespace\n)Rq\x06h\x05" + "b"s + "q\x05";
  CHECK(contains(leftover_refusal("Nq\x05" + deep), "values nested deeper than 1000"));
}
