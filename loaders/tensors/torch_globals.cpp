// What torch/_utils.py, torch/serialization.py and real checkpoints of CompVis, Lightning,
// omegaconf and NumPy name. pickle of protocol 2 spells Python's builtins as Python 2 did: int is
// __builtin__.long, range is __builtin__.xrange.
#include "loaders/tensors/torch_globals.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>

namespace yent {
namespace {

using Role = TorchRole;

// clang-format off
constexpr TorchGlobal globals[] = {
    // Tensors.
    {"torch._utils._rebuild_tensor", Role::tensor},
    {"torch._utils._rebuild_tensor_v2", Role::tensor},
    {"torch._utils._rebuild_tensor_v3", Role::typed_tensor},
    {"torch._utils._rebuild_parameter", Role::wrapper},
    {"torch._utils._rebuild_parameter_with_state", Role::wrapper},
    {"torch._tensor._rebuild_from_type_v2", Role::from_type},

    {"torch.DoubleStorage", Role::storage, DType::f64},
    {"torch.FloatStorage", Role::storage, DType::f32},
    {"torch.HalfStorage", Role::storage, DType::f16},
    {"torch.BFloat16Storage", Role::storage, DType::bf16},
    {"torch.LongStorage", Role::storage, DType::i64},
    {"torch.IntStorage", Role::storage, DType::i32},
    {"torch.ShortStorage", Role::storage, DType::i16},
    {"torch.CharStorage", Role::storage, DType::i8},
    {"torch.ByteStorage", Role::storage, DType::u8},
    {"torch.BoolStorage", Role::storage, DType::boolean},
    {"torch.storage.UntypedStorage", Role::storage},

    {"torch.float64", Role::dtype, DType::f64},
    {"torch.float32", Role::dtype, DType::f32},
    {"torch.float16", Role::dtype, DType::f16},
    {"torch.bfloat16", Role::dtype, DType::bf16},
    {"torch.int64", Role::dtype, DType::i64},
    {"torch.int32", Role::dtype, DType::i32},
    {"torch.int16", Role::dtype, DType::i16},
    {"torch.int8", Role::dtype, DType::i8},
    {"torch.uint8", Role::dtype, DType::u8},
    {"torch.bool", Role::dtype, DType::boolean},
    {"torch.complex128", Role::dtype},
    {"torch.complex64", Role::dtype},
    {"torch.float8_e4m3fn", Role::dtype, DType::f8_e4m3},
    {"torch.float8_e4m3fnuz", Role::dtype},
    {"torch.float8_e5m2", Role::dtype, DType::f8_e5m2},
    {"torch.float8_e5m2fnuz", Role::dtype},
    {"torch.float8_e8m0fnu", Role::dtype},
    {"torch.uint16", Role::dtype},
    {"torch.uint32", Role::dtype},
    {"torch.uint64", Role::dtype},

    // Beside the weights: torch.
    {"torch.Size"},
    {"torch.Tensor"},
    {"torch.device"},
    {"torch.nn.modules.container.ParameterDict"},
    {"torch.nn.parameter.Buffer"},
    {"torch.nn.parameter.Parameter"},
    {"torch.serialization._get_layout"},
    {"torch.torch_version.TorchVersion"},

    // Python.
    {"UserDict.IterableUserDict"},
    {"__builtin__.Ellipsis"},
    {"__builtin__.NotImplemented"},
    {"__builtin__.bool"},
    {"__builtin__.bytearray"},
    {"__builtin__.bytes"},
    {"__builtin__.complex"},
    {"__builtin__.dict"},
    {"__builtin__.float"},
    {"__builtin__.frozenset"},
    {"__builtin__.int"},
    {"__builtin__.list"},
    {"__builtin__.long"},
    {"__builtin__.object"},
    {"__builtin__.set"},
    {"__builtin__.slice"},
    {"__builtin__.str"},
    {"__builtin__.tuple"},
    {"__builtin__.unicode"},
    {"__builtin__.xrange"},
    {"_codecs.encode"},
    {"argparse.Namespace"},
    {"builtins.Ellipsis"},
    {"builtins.NotImplemented"},
    {"builtins.bool"},
    {"builtins.bytearray"},
    {"builtins.bytes"},
    {"builtins.complex"},
    {"builtins.dict"},
    {"builtins.float"},
    {"builtins.frozenset"},
    {"builtins.int"},
    {"builtins.list"},
    {"builtins.object"},
    {"builtins.range"},
    {"builtins.set"},
    {"builtins.slice"},
    {"builtins.str"},
    {"builtins.tuple"},
    {"collections.ChainMap"},
    {"collections.Counter"},
    {"collections.OrderedDict"},
    {"collections.UserDict"},
    {"collections.defaultdict"},
    {"collections.deque"},
    {"copy_reg._reconstructor"},
    {"copyreg._reconstructor"},
    {"datetime.date"},
    {"datetime.datetime"},
    {"datetime.time"},
    {"datetime.timedelta"},
    {"datetime.timezone"},
    {"decimal.Decimal"},
    {"fractions.Fraction"},
    {"pathlib.PosixPath"},
    {"pathlib.PurePosixPath"},
    {"pathlib.PureWindowsPath"},
    {"pathlib.WindowsPath"},
    {"pathlib._local.PosixPath"},
    {"pathlib._local.PurePosixPath"},
    {"pathlib._local.PureWindowsPath"},
    {"pathlib._local.WindowsPath"},
    {"types.SimpleNamespace"},
    {"typing.Any"},
    {"typing.Dict"},
    {"typing.List"},
    {"typing.Optional"},
    {"typing.Tuple"},
    {"typing.Union"},
    {"uuid.UUID"},

    // NumPy, whose module `core` became `_core` in 2.0.
    {"numpy._core.multiarray._reconstruct"},
    {"numpy._core.multiarray.scalar"},
    {"numpy._core.numeric._frombuffer"},
    {"numpy.core.multiarray._reconstruct"},
    {"numpy.core.multiarray.scalar"},
    {"numpy.core.numeric._frombuffer"},
    {"numpy.bool"},
    {"numpy.bool_"},
    {"numpy.dtype"},
    {"numpy.float16"},
    {"numpy.float32"},
    {"numpy.float64"},
    {"numpy.int16"},
    {"numpy.int32"},
    {"numpy.int64"},
    {"numpy.int8"},
    {"numpy.ma.MaskedArray"},
    {"numpy.ma.core.MaskedArray"},
    {"numpy.ma.core._mareconstruct"},
    {"numpy.matrix"},
    {"numpy.ndarray"},
    {"numpy.random._mt19937.MT19937"},
    {"numpy.random._pcg64.PCG64"},
    {"numpy.random._pickle.__bit_generator_ctor"},
    {"numpy.random._pickle.__generator_ctor"},
    {"numpy.random._pickle.__randomstate_ctor"},
    {"numpy.random.bit_generator.SeedSequence"},
    {"numpy.random.bit_generator.__pyx_unpickle_SeedSequence"},
    {"numpy.uint16"},
    {"numpy.uint32"},
    {"numpy.uint64"},
    {"numpy.uint8"},
};
// clang-format on

// Of these, classes only: their functions open files and import modules.
constexpr std::string_view packages[] = {"lightning.", "lightning_fabric.", "omegaconf.",
                                         "pytorch_lightning."};

// By the spelling that Python's users keep to: AttributeDict, _Config, not system or eval.
bool is_class_name(std::string_view name) {
  name = name.substr(name.rfind('.') + 1);  // of a class inside a class; npos + 1 is 0
  name.remove_prefix(std::min(name.find_first_not_of('_'), name.size()));
  return !name.empty() && name[0] >= 'A' && name[0] <= 'Z';
}

}  // namespace

const TorchGlobal* find_torch_global(std::string_view name) {
  const auto found = std::find_if(std::begin(globals), std::end(globals),
                                  [&](const TorchGlobal& known) { return known.name == name; });
  return found == std::end(globals) ? nullptr : &*found;
}

PickleUse torch_global_use(std::string_view module, std::string_view name) {
  const std::string full = fmt::format("{}.{}", module, name);
  if (find_torch_global(full)) return PickleUse::any;
  if (!is_class_name(name)) return PickleUse::none;
  const bool packaged =
      std::any_of(std::begin(packages), std::end(packages),
                  [&](std::string_view package) { return full.starts_with(package); });
  return packaged ? PickleUse::any : PickleUse::dictionary;
}

}  // namespace yent
