"""The device is chosen by what works from end to end, and the doctor says what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import ConfigError, ModelError
from pipeline.models import doctor, quiet_dependencies, telemetry_is_off
from pipeline.models.device import CudaFacts, choose_device, preload_cublas, probe_cuda
from pipeline.models.doctor import check_cpu, check_gpu, check_python, check_weights, examine
from pipeline.models.registry import shipped_weights
from pipeline.models.weights import FileState

FULL = CudaFacts(
    driver=True, gpu="Toy 5000", compute_types=frozenset({"float16", "int8_float16", "float32"})
)
BROKEN = {
    "no NVIDIA driver": CudaFacts(driver=False),
    "torch cannot use the GPU (out of order)": CudaFacts(driver=True, torch_error="out of order"),
    "libcublas.so.12": CudaFacts(driver=True, gpu="Toy", missing=("libcublas.so.12",)),
    "ctranslate2 finds no GPU": CudaFacts(driver=True, gpu="Toy"),
}


def test_auto_takes_a_gpu_that_works() -> None:
    """Where everything works, auto and cuda give the GPU in half precision, and name it."""
    for requested in ("auto", "cuda"):
        device = choose_device(requested, probe=lambda: FULL)
        assert (device.kind, device.compute_type) == ("cuda", "float16")
        assert "Toy 5000" in device.reason


@pytest.mark.parametrize(
    ("types", "chosen"),
    [
        ({"float32", "int8_float16"}, "int8_float16"),
        ({"float32", "int8_float32"}, "int8_float32"),
        ({"float32"}, "float32"),
    ],
)
def test_older_gpus_compute_in_what_they_have(types: set[str], chosen: str) -> None:
    """Without float16 the next best type is taken."""
    facts = CudaFacts(driver=True, gpu="Old", compute_types=frozenset(types))
    assert choose_device("auto", probe=lambda: facts).compute_type == chosen


@pytest.mark.parametrize("problem", BROKEN)
def test_auto_falls_back_with_one_line_of_why(problem: str) -> None:
    """Whatever is broken, auto takes the CPU in int8 and says in one line what it was."""
    device = choose_device("auto", probe=lambda: BROKEN[problem])
    assert (device.kind, device.compute_type) == ("cpu", "int8")
    assert problem in device.reason
    assert "\n" not in device.reason


@pytest.mark.parametrize("problem", BROKEN)
def test_cuda_that_is_asked_for_and_broken_is_an_error(problem: str) -> None:
    """Asked for by name, a broken GPU is an error that says what is missing."""
    with pytest.raises(ModelError) as caught:
        choose_device("cuda", probe=lambda: BROKEN[problem])
    assert problem in str(caught.value)


def test_a_missing_library_says_what_to_install() -> None:
    """A missing cuBLAS names the extra that brings it."""
    with pytest.raises(ModelError, match=r"parley\[gpu\]"):
        choose_device("cuda", probe=lambda: BROKEN["libcublas.so.12"])


def test_cpu_looks_at_nothing() -> None:
    """When the CPU was asked for, the GPU is not even looked at."""
    device = choose_device("cpu", probe=lambda: pytest.fail("looked at the GPU"))
    assert (device.kind, device.compute_type) == ("cpu", "int8")


def test_another_word_is_a_config_error() -> None:
    """A device that does not exist lists those that do."""
    with pytest.raises(ConfigError, match="auto, cpu, cuda"):
        choose_device("tpu", probe=lambda: FULL)


def test_this_machine_is_probed_without_failing() -> None:
    """Whatever this machine has, looking at it gives facts and a device."""
    facts = probe_cuda()
    assert facts.driver or not facts.gpu
    assert choose_device("auto", probe=lambda: facts).kind in ("cpu", "cuda")


@pytest.mark.gpu
def test_a_real_gpu_is_taken() -> None:
    """On a machine with a GPU and the extra installed, auto takes it."""
    if not probe_cuda().driver:
        pytest.skip("no NVIDIA driver here")
    assert preload_cublas() == ()
    assert choose_device("auto").kind == "cuda"


# --- doctor


def test_a_machine_without_weights(tmp_path: Path) -> None:
    """Every default set of weights that is missing is a problem with its command; others not."""
    checks = {
        check.name: check
        for check in examine(directory=tmp_path / "none", probe=lambda: BROKEN["no NVIDIA driver"])
    }
    for weights in shipped_weights():
        check = checks[f"weights {weights.name}"]
        assert check.status == ("problem" if weights.default else "ok")
        if weights.default:
            assert check.remedy == f"parley models fetch {weights.name}"
    assert checks["GPU"].status == checks["telemetry"].status == checks["FFmpeg"].status == "ok"
    assert {"Python", "CPU", "disk"} <= checks.keys()


def test_a_problem_always_has_a_remedy_and_ok_has_none(tmp_path: Path) -> None:
    """Each line is ok, or a problem with what to do."""
    for facts in (*BROKEN.values(), FULL):
        for check in examine(directory=tmp_path, probe=lambda facts=facts: facts):
            assert bool(check.remedy) == (check.status == "problem")
            assert "\n" not in check.detail


def test_wrong_weights_are_a_problem() -> None:
    """A file with another hash is named."""
    weights = shipped_weights()[0]
    state = FileState(
        weights="base", path=Path("x/model.bin"), state="wrong", expected="a", found="b"
    )
    check = check_weights(weights, [state])
    assert (check.status, check.detail) == ("problem", "sha256 differs: model.bin")


@pytest.mark.parametrize(
    ("version", "status"), [((3, 10), "problem"), ((3, 11), "ok"), ((3, 14), "problem")]
)
def test_python_versions(version: tuple[int, int], status: str) -> None:
    """Older and newer Pythons than those tested are problems."""
    assert check_python(version).status == status


def test_cpu_features(tmp_path: Path) -> None:
    """Missing AVX2 is a problem on x86; elsewhere, and where nothing is known, it is not."""
    listed = tmp_path / "cpuinfo"
    listed.write_text("processor : 0\nflags\t\t: fpu sse2 avx2\n\nprocessor : 1\nflags : fpu\n")
    assert doctor.cpu_flags(listed) == {"fpu", "sse2", "avx2"}
    assert doctor.cpu_flags(tmp_path / "none") is None
    assert check_cpu("x86_64", flags=frozenset({"avx2"})).status == "ok"
    assert check_cpu("x86_64", flags=frozenset({"sse2"})).status == "problem"
    assert check_cpu("arm64", flags=None).status == "ok"


def test_a_gpu_without_its_library_is_a_problem() -> None:
    """No GPU at all is fine; one that is there and unusable is not."""
    assert check_gpu(BROKEN["no NVIDIA driver"]).status == "ok"
    assert "gpu" in check_gpu(BROKEN["libcublas.so.12"]).remedy
    assert check_gpu(FULL).status == "ok"


def test_telemetry_is_off_before_any_import(monkeypatch: pytest.MonkeyPatch) -> None:
    """One call sets every switch, pyannote's and the hub's among them."""
    monkeypatch.setenv("PYANNOTE_METRICS_ENABLED", "1")
    assert not telemetry_is_off()
    quiet_dependencies()
    assert telemetry_is_off()
