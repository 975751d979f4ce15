"""lab: plan, run, report, again, diff, measure, import, export."""

import argparse
import signal
import sys

from lab import __version__
from lab.errors import LabError


def _parser():
    parser = argparse.ArgumentParser(
        prog="lab",
        description="Sweeps of quantization as style: a grid of policies, prompts, seeds and samplers is"
        " painted, measured and shown. docs/laboratory.md explains grids and stores.",
    )
    parser.add_argument("--version", action="version", version=f"lab {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(name, words, *options):
        added = commands.add_parser(name, help=words, description=words[0].upper() + words[1:] + ".")
        for option in options:
            option(added)
        return added

    def engine(p):
        p.add_argument(
            "--engine", default="auto", metavar="KIND",
            help="library, program (yent-run), or stub:MS for trials without pictures (auto)",
        )  # fmt: skip
        p.add_argument("-t", "--threads", type=int, default=1, metavar="N", help="of each picture (1)")
        p.add_argument("--isa", metavar="NAME", help="cap on the instruction set")
        p.add_argument("--device", default="cpu", metavar="NAME", help="cpu or cuda (cpu)")

    def grid(p):
        p.add_argument("grid", metavar="GRID", help="a TOML file")

    def store(p):
        p.add_argument("--store", metavar="DIR", help="where rows are kept (GRID's name + .lab)")

    def in_store(p):
        p.add_argument("--store", metavar="DIR", default=".", help="the store (this folder)")

    def plan_options(p):
        p.add_argument("--no-probe", action="store_true", help="paint no row to measure the time")

    def cluster(p):
        p.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster that is there")
        p.add_argument(
            "--workers", type=int, metavar="N",
            help="processes on this machine (physical cores / threads); 0: this process alone",
        )  # fmt: skip
        p.add_argument("--dashboard", action="store_true", help="Dask's pages at 127.0.0.1:8787")
        p.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")

    def run_options(p):
        p.add_argument("--retry-failed", action="store_true", help="try rows again that failed")

    def measure_options(p):
        p.add_argument("store", metavar="STORE", help="a folder that lab run made")
        p.add_argument(
            "--sample", type=int, metavar="N",
            help="DiffSim and the layers of the N rows with the smallest hashes, which are painted again;"
            " rows that have them are left out",
        )  # fmt: skip

    def hashes(*names):
        def add(p):
            for name in names:
                p.add_argument(name, metavar="HASH", help="of a row; its beginning suffices")

        return add

    def again_options(p):
        p.add_argument("hash", nargs="?", metavar="HASH", help="of a row; its beginning suffices")
        p.add_argument("--random", type=int, metavar="N", help="N rows drawn at random instead")
        p.add_argument("--draw", type=int, default=0, metavar="SEED", help="of the drawing (0)")
        p.add_argument("--exact", action="store_true", help="draw among rows of exact policies alone")
        p.add_argument("-o", "--output", metavar="FILE", help="keep the new picture")

    def diff_options(p):
        p.add_argument("-o", "--output", metavar="FILE", help="a PNG of both and their difference")

    def report_options(p):
        p.add_argument("store", metavar="STORE", help="a folder that lab run made")
        p.add_argument("-o", "--output", metavar="FILE", help="the page (STORE/report.html)")
        p.add_argument("--rows", type=int, metavar="N", help="at most N rows, drawn evenly")
        p.add_argument("--thumb", type=int, metavar="PIXELS", help="side of the small pictures")
        p.add_argument(
            "--map", default="auto", choices=["auto", "umap", "tsne", "pca"],
            help="what arranges the map (t-SNE; UMAP from 2,000 rows on)",
        )  # fmt: skip
        p.add_argument("--title", metavar="TEXT", help="of the page (the grid's name)")

    def import_options(p):
        p.add_argument("file", metavar="FILE", help="bends JSON, version 1.2 or older")
        p.add_argument("-o", "--output", metavar="FILE", help="the policy (standard output)")
        p.add_argument("--model", default="default", metavar="PATH", help="whose layers are meant")
        p.add_argument("--skip", action="store_true", help="leave out what no policy can say, and name it")

    def export_options(p):
        p.add_argument(
            "file", metavar="FILE",
            help="x.json: bends of a policy or a row; a folder: the public table's records of a store",
        )  # fmt: skip
        p.add_argument("--policy", metavar="NAME|FILE", help="whose bends")
        p.add_argument("--row", metavar="HASH", help="whose policy's bends")
        p.add_argument("--store", metavar="DIR", default=".", help="the store (this folder)")
        p.add_argument("--model", default="default", metavar="PATH", help="whose layers are meant")
        p.add_argument("--part", default="unet", choices=["unet", "vae", "text_encoder"], help="(unet)")
        p.add_argument("--native", action="store_true", help="the operation quantize itself")
        p.add_argument("--no-kb", action="store_true", help="words in the label only")

    command("plan", "count a grid's rows and estimate the time", grid, store, engine, plan_options)
    command("run", "paint and measure the rows that the store lacks", grid, store, engine, cluster, run_options)
    command("report", "make a page of a store that needs no network", report_options)
    command("again", "paint a row again and compare the bytes", again_options, in_store, engine)
    command("diff", "show two rows side by side", hashes("first", "second"), in_store, diff_options)
    command("measure", "measure all pictures of a store again, or a sample inside the engine",
            measure_options, engine, cluster)  # fmt: skip
    command("import", "turn bends JSON into a policy", import_options)
    command("export", "write bends JSON, or records of the public table", export_options)
    return parser


def main(arguments=None):
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupted)
    try:
        from lab import commands

        code = getattr(commands, options.command + "_")(options)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        code = error.code
    except BrokenPipeError:
        sys.stderr.close()
        code = 1
    except OSError as error:  # a full disk, for example
        print(f"lab: {error}", file=sys.stderr)
        code = 1
    except KeyboardInterrupt:
        print("\nlab: stopped; what is done is kept, and the same command does the rest", file=sys.stderr)
        code = 130
    except ModuleNotFoundError as error:
        print(f"lab: the package {error.name} is missing: pip install {error.name}", file=sys.stderr)
        code = 1
    sys.exit(code or 0)


def _interrupted(*_):
    raise KeyboardInterrupt
