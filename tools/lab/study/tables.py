"""python tables.py ROWS.parquet: the study's tables as Markdown, by DuckDB from the packed rows.

`distance` is the mean of 1 - cosine of the final latents against f32; `over seeds` the standard deviation
over the seeds of one prompt, averaged; `over prompts` that of the prompts' means."""

import sys

import duckdb

EFFECT = """
with per_prompt as (
  select policy, prompt, avg(cosine_distance) d, stddev(cosine_distance) s, avg(psnr) p, avg(edge) e, avg(palette) c,
         count(*) n, count(distinct seed) seeds
  from rows where grid = '{grid}' and policy in ({names}) group by all)
select policy, sum(n)::int as n, round(greatest(avg(d), 0), 4) as distance, round(avg(s), 4) as 'over seeds',
       round(stddev(d), 4) as 'over prompts', round(avg(p), 1) as 'PSNR dB', round(avg(e), 2) as edge,
       round(avg(c), 1) as 'palette ΔE',
       case when max(seeds) > 1 and count(*) > 1 then 'replicated' when count(*) > 1 then 'multi-prompt'
            when max(seeds) > 1 then 'multi-seed' else 'anecdotal' end as evidence
from per_prompt group by policy order by distance desc
"""
# How often one policy moved the latent further than another, request by request.
WINS = """
select avg((a.cosine_distance > b.cosine_distance)::int), count(*)
from rows a join rows b using (grid, prompt, seed, sampler, steps)
where grid = 'study' and a.policy = '{0}' and b.policy = '{1}'
"""
OUTPUTS = "convolutions-out3 linears-out3 attention-out3 layer-norms-out3 group-norms-out3 cross-attention-out3".split()
WEIGHTS = "convolutions-w2 linears-w2 norms-w2 input-side-w2 output-side-w2".split()
PLACES = "down-0 down-1 down-2 up-0 up-1 up-2 time-embedding conv-in conv-out".split()
IMPRESSION = """unet-weights-channel-act-own unet-weights-channel-act-tensor unet-weights-tensor-act-own
unet-weights-tensor-act-tensor unet-weights-tensor-act-tensor-early unet-weights-tensor-act-tensor-late
vae-weights-channel-act-own vae-weights-channel-act-tensor vae-weights-tensor-act-own
vae-weights-tensor-act-tensor impressionist int8-exact in4-early in4-late""".split()
CLAIMS = [
    ("convolutions-out3", "linears-out3"), ("convolutions-w2", "linears-w2"),
    ("group-norms-out3", "convolutions-out3"), ("layer-norms-out3", "linears-out3"),
    ("convolutions-out3", "cross-attention-out3"), ("input-side-w2", "output-side-w2"),
    ("down-0-out3", "up-2-out3"), ("down-1-out3", "up-1-out3"), ("down-2-out3", "up-0-out3"),
    ("time-embedding-out3", "down-0-out3"), ("in4-late", "in4-early"),
    ("unet-weights-tensor-act-tensor-late", "unet-weights-tensor-act-tensor-early"),
]
# What a layer is: the last of these words that its path holds.
LAYER = """
create view layers as
select *, axes['layer'] as layer, case when policy like '%-w2' then 'weights' else 'outputs' end as what,
  case when layer like '%norm%' then (case when layer like '%transformer_blocks%' then 'LayerNorm' else 'GroupNorm' end)
       when layer like '%attn%' or layer like '%ff.%' or layer like '%time_%' then 'Linear'
       else 'Conv2d' end as module,
  case when layer like '%attn1%' then 'self-attention' when layer like '%attn2%' then 'cross-attention'
       when layer like '%ff.%' then 'feed-forward' when layer like '%time_%' then 'time'
       when layer like '%resnets%norm%' then 'resnet norm' when layer like '%norm%' then 'attention norm'
       when layer like '%resnets%' then 'resnet' when layer like '%proj_%' then 'projection'
       when layer like '%samplers%' then 'resampling' else 'first and last' end as kind,
  case when layer like '%down_blocks%' then 'input side' when layer like '%up_blocks%' then 'output side'
       else 'ends' end as side,
  regexp_extract(layer, '(down|up)_blocks.[0-9]') as block
from rows where grid = 'layers' and layer is not null
"""
GROUPED = """
select what, {0} as 'layers by {0}', count(distinct layer)::int as layers, round(avg(cosine_distance), 3) as distance,
       round(stddev(cosine_distance), 3) as deviation, round(median(cosine_distance), 3) as median
from layers group by all order by what, distance desc
"""
# Shares of the variance of log distance (mean of a layer) that groups explain.
EXPLAINED = """
with per_layer as (select what, layer, {0} as part, ln(greatest(avg(cosine_distance), 1e-6)) v from layers
                   where side != 'ends' group by all),
     parts as (select what, part, count(*) n, avg(v) m from per_layer group by all),
     whole as (select what, var_pop(v) * count(*) total, avg(v) m from per_layer group by what)
select what, round(sum(n * (parts.m - whole.m) ** 2) / any_value(total), 2) from parts join whole using (what)
group by what order by what
"""
STEPS = """
select axes['bits']::int as bits, sampler, round(avg(cosine_distance) filter (steps = 5), 4) as '5 steps',
       round(avg(cosine_distance) filter (steps = 10), 4) as '10', round(avg(cosine_distance) filter (steps = 20), 4) as '20',
       round(avg(cosine_distance) filter (steps = 40), 4) as '40'
from rows where grid = 'steps' and policy != 'f32' group by all order by bits, sampler
"""
BITS = """
select axes['bits']::int as bits, axes['round'] as round, round(avg(cosine_distance), 3) as distance,
       round(avg(psnr), 1) as 'PSNR dB', round(avg(edge_ratio), 2) as 'edge ratio', round(avg(palette), 1) as 'palette ΔE',
       round(avg(mean) - (select avg(mean) from rows where grid = 'study' and policy = 'f32'), 1) as brighter
from rows where grid = 'study' and axes['round'] is not null group by all order by bits, distance
"""

# What was measured inside the engine, of a sample (`lab measure --sample`).
SAMPLE = """
select count(diffsim_style) as rows, round(corr(diffsim_style, cosine_distance), 2) as 'DiffSim with distance',
       round(avg(diffsim_style_noise), 3) as 'two noises, t = 101', round(avg(diffsim_content_noise), 3) as 't = 501'
from rows where diffsim_style is not null
"""
UNLIKE = """
select policy, count(diffsim_style) as n, round(avg(diffsim_style), 3) as DiffSim, round(avg(cosine_distance), 3) as distance
from rows where diffsim_style is not null group by all
having avg(diffsim_style) < (select avg(diffsim_content_noise) from rows where diffsim_style is not null) order by DiffSim
"""
NOISE = """
select axes['bits']::int as bits, axes['round'] as round, count(sqnr_weights) as n, round(avg(sqnr_weights), 1) as 'dB, weights',
       round(avg(cosine_distance), 3) as distance
from rows where grid = 'study' and axes['round'] is not null and sqnr_weights is not null group by all order by 4
"""


def markdown(relation):
    print("| " + " | ".join(relation.columns) + " |")
    print("|" + "---|" * len(relation.columns))
    for line in relation.fetchall():
        print("| " + " | ".join("" if v is None else str(v) for v in line) + " |")
    print()


def quoted(names):
    return ", ".join(f"'{name}'" for name in names)


def main():
    db = duckdb.connect()
    db.sql(f"create view rows as select * from '{sys.argv[1]}'")
    markdown(db.sql("select grid, count(*) as n, round(avg(engine_ms)) as 'ms in the engine' from rows group by grid"))
    for names in (OUTPUTS, WEIGHTS, [p + "-out3" for p in PLACES], IMPRESSION, ["ternary", "binary", "woodcut", "fog"]):
        markdown(db.sql(EFFECT.format(grid="study", names=quoted(names))))
    for grid in ("plein-air", "styles"):
        others = f"select distinct policy from rows where grid = '{grid}' and policy != 'f32'"
        markdown(db.sql(EFFECT.format(grid=grid, names=others)))
    for pair in CLAIMS:
        ((share, count),) = db.sql(WINS.format(*pair)).fetchall()
        print(f"{pair[0]} moves the latent further than {pair[1]} in {share or 0:.0%} of {count} requests")
    print()
    markdown(db.sql(BITS))
    for table in (STEPS, SAMPLE, UNLIKE, NOISE):
        markdown(db.sql(table))
    db.sql(LAYER)
    for part in ("module", "kind", "side", "block"):
        markdown(db.sql(GROUPED.format(part)))
        print(f"{part} explains:", dict(db.sql(EXPLAINED.format(part)).fetchall()), "\n")


if __name__ == "__main__":
    main()
