"""Behaviour spaces judged: is it worth while to explore one?

A quality-diversity archive is indexed by a few descriptors of a behaviour. They are
worth it if the raw metrics have something in common (adequacy, sphericity), if the
descriptors tell it (reconstruction), and if near and far mean the same in both
(trustworthiness, continuity).
"""

import chex
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from koki2.measures.adequacy import kmo
from koki2.measures.columns import standardise, varies
from koki2.measures.configs import DescriptorConfig
from koki2.measures.kernel_components import kernel_pca
from koki2.measures.neighbourhoods import continuity, trustworthiness
from koki2.measures.pca import explained_variance
from koki2.measures.reconstruction import Reconstruction, reconstruction_error
from koki2.measures.sphericity import bartlett_sphericity


@chex.dataclass(frozen=True, kw_only=True)
class Verdict:
    """Which figures meet `DescriptorConfig`; NaN meets nothing."""

    kmo: Bool[Array, ""]
    sphericity: Bool[Array, ""]
    reconstruction: Bool[Array, ""]
    trustworthiness: Bool[Array, ""]
    continuity: Bool[Array, ""]
    passed: Bool[Array, ""]  # all of the above
    trustworthiness_doubtful: Bool[Array, ""]  # passed, but only just
    continuity_doubtful: Bool[Array, ""]  # passed, but only just


@chex.dataclass(frozen=True, kw_only=True)
class DescriptorReport:
    """What was found of metrics and descriptors; NaN where a figure has no meaning."""

    used: Bool[Array, " M"]  # metrics that vary; the others count nowhere
    finite: Bool[Array, ""]  # every metric and descriptor is; figures are NaN if not
    enough_samples: Bool[Array, ""]  # more than metrics, for kmo and chi2
    enough_neighbours: Bool[Array, ""]  # more than 2 k samples
    singular: Bool[Array, ""]  # some metric is a sum of others
    kmo: Float[Array, ""]  # sampling adequacy, 0 to 1
    kmo_each: Float[Array, " M"]  # of every metric
    chi2: Float[Array, ""]  # Bartlett's statistic
    df: Float[Array, ""]  # its degrees of freedom
    p: Float[Array, ""]  # its p-value
    pca_error: Float[Array, ""]  # share of variance that B linear axes would miss
    kernel_pca_error: Float[Array, ""]  # same in feature space, for B axes of a kernel
    best: Reconstruction  # of the metrics, from B kernel principal components
    from_descriptors: Reconstruction  # of the metrics, from the descriptors
    trustworthiness: Float[Array, ""]  # 0 to 1
    continuity: Float[Array, ""]  # 0 to 1
    verdict: Verdict


def judge(
    metrics: Float[Array, "S M"],
    descriptors: Float[Array, "S B"],
    config: DescriptorConfig = DescriptorConfig(),
) -> DescriptorReport:
    """All figures of a behaviour space, and whether they suffice.

    Metrics are standardised first, so that no unit counts; descriptors are taken as
    they come, for so does an archive. The verdict on reconstruction is that on samples
    left out. Pure; `jax.jit(judge, static_argnames="config")` compiles it. Takes time
    in S^3 and memory in S^2: of many thousand samples take some.

    Args:
      metrics: raw metrics of a behaviour per row.
      descriptors: of the same behaviours.
      config: thresholds, neighbourhood and kernel.

    Returns:
      Failures as data: see `DescriptorReport`.

    Raises:
      ValueError: no sample, or not one descriptor per behaviour.

    Example:
      >>> turn = 0.1 * jnp.arange(60.0)
      >>> place = jnp.stack([jnp.cos(turn), jnp.sin(turn)], axis=1)
      >>> metrics = jnp.concatenate([place, place @ jnp.array([[1.0], [1.0]])], axis=1)
      >>> found = judge(metrics, place)
      >>> bool(found.verdict.trustworthiness), bool(found.singular)
      (True, True)

    Source: thresholds of the slime archive's validity gates (seed 004's later code),
    which took `scipy.stats.bartlett` for sphericity and one formula for both
    trustworthiness and continuity; here each is what its name says.
    """
    if metrics.shape[0] != descriptors.shape[0] or not metrics.shape[0]:
        raise ValueError(
            "metrics and descriptors must have equally many rows, at least one, got "
            f"{metrics.shape[0]} and {descriptors.shape[0]}."
        )
    samples, k = metrics.shape[0], config.neighbours
    used = varies(metrics)
    scaled = standardise(metrics)
    adequacy, spheric = kmo(metrics), bartlett_sphericity(metrics)
    axes = min(descriptors.shape[1], samples)
    best = kernel_pca(scaled, axes, config.kernel)
    learned = reconstruction_error(scaled, descriptors, config.kernel, config.ridge)
    finite = jnp.all(jnp.isfinite(metrics)) & jnp.all(jnp.isfinite(descriptors))
    trust = trustworthiness(scaled, descriptors, k)
    kept = continuity(scaled, descriptors, k)
    verdict = _verdict(
        config, adequacy.overall, spheric.p, learned.left_out, trust, kept
    )
    return DescriptorReport(
        used=used,
        finite=finite,
        enough_samples=samples > jnp.sum(used),
        enough_neighbours=jnp.asarray(samples > 2 * k),
        singular=adequacy.singular,
        kmo=adequacy.overall,
        kmo_each=adequacy.each,
        chi2=spheric.chi2,
        df=spheric.df,
        p=spheric.p,
        pca_error=1 - jnp.sum(explained_variance(metrics)[:axes]),
        kernel_pca_error=best.error,
        best=reconstruction_error(scaled, best.scores, config.kernel, config.ridge),
        from_descriptors=learned,
        trustworthiness=trust,
        continuity=kept,
        verdict=verdict,
    )


def _verdict(
    config: DescriptorConfig,
    adequacy: Float[Array, ""],
    p: Float[Array, ""],
    error: Float[Array, ""],
    trust: Float[Array, ""],
    kept: Float[Array, ""],
) -> Verdict:
    met = dict(
        kmo=adequacy >= config.kmo_min,
        sphericity=p <= config.p_max,
        reconstruction=error <= config.error_max,
        trustworthiness=trust >= config.preserved_min,
        continuity=kept >= config.preserved_min,
    )
    return Verdict(
        **met,
        passed=jnp.all(jnp.stack(list(met.values()))),
        trustworthiness_doubtful=met["trustworthiness"]
        & (trust < config.preserved_warn),
        continuity_doubtful=met["continuity"] & (kept < config.preserved_warn),
    )
