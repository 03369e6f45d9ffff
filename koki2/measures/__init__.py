"""measures: what a run's records are worth as evidence. May import: core, kernels.

`judge(metrics, descriptors)` says whether a behaviour space is worth exploring; its
figures are here one by one: adequacy and sphericity of the raw metrics, reconstruction
and neighbourhoods of the descriptors. Axis letters: S samples, M metrics, B
descriptors. The door is lazy, so that `measures.configs` costs no JAX.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "adequacy": ["Adequacy", "kmo"],
        "columns": ["centre", "standardise", "varies"],
        "configs": ["DescriptorConfig", "KernelConfig"],
        "correlation": ["Correlations", "correlations"],
        "behaviour_space": ["DescriptorReport", "judge", "Verdict"],
        "kernel_components": ["kernel_pca", "KernelPCA"],
        "neighbourhoods": ["continuity", "trustworthiness"],
        "pca": ["explained_variance"],
        "reconstruction": ["Reconstruction", "reconstruction_error"],
        "sphericity": ["bartlett_sphericity", "Sphericity"],
    },
)
