"""Every test runs under JAX's strictest settings.

Tests in `discipline/strict` promise bits that hold only under the strict XLA flags, so
they are collected only where those are set: `make test-strict`, part of `make test`.
"""

import gc
import os
import pathlib
import sys

import jax
import pytest

jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_debug_key_reuse", True)

# What one process compiled the others load, bit for bit the same, and so do the
# processes that tests start. JAX writes an entry in place: one that is read half
# written is compiled again.
COMPILED = os.environ.setdefault(
    "JAX_COMPILATION_CACHE_DIR", str(pathlib.Path(sys.prefix, "cache", "jax-tests"))
)
jax.config.update("jax_compilation_cache_dir", COMPILED)
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)

gc.set_threshold(100_000, 50, 1000)
STRICT_TESTS = pathlib.Path(__file__).parent / "discipline" / "strict"
STRICT_FLAGS = "--xla_disable_hlo_passes=" in os.environ.get("XLA_FLAGS", "")


def pytest_ignore_collect(collection_path):
    if collection_path.name == "conftest.py":  # several of one name; none has doctests
        return True
    return True if collection_path == STRICT_TESTS and not STRICT_FLAGS else None


def pytest_collection_modifyitems(items):
    if not STRICT_FLAGS and any(STRICT_TESTS in item.path.parents for item in items):
        raise pytest.UsageError(
            "strict tests must run under strict flags: make test-strict"
        )


@pytest.fixture
def key():
    return jax.random.key(0)
