"""The networks that weights are loaded into compute what the published ones compute."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import ModelError
from pipeline.models import quiet_dependencies
from pipeline.models.embedding import load_embedding, load_voice_network
from pipeline.models.segmentation import load_segmentation
from pipeline.models.voices import Sums, unit
from pipeline.models.weights import locate, models_directory

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def models_dir() -> Path:
    """The models directory of this machine, where the default weights have been fetched."""
    try:
        locate("segmentation-3.0", offline=True)
        locate("campplus", offline=True)
    except ModelError as err:
        pytest.skip(f"weights are absent: {err}")
    return models_directory()


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    """Quiet white noise with a gap, float32."""
    waves = torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) * 0.05
    waves[..., 4000:4800] = 0.0
    return waves


def test_filter_banks_equal_kaldis() -> None:
    """The batched filter banks are torchaudio's, within 1e-4, silence and all."""
    quiet_dependencies()
    kaldi = pytest.importorskip("torchaudio.compliance.kaldi")
    from pipeline.models.campplus import FilterBanks

    waves = noise(3, 17_123).double()
    expected = torch.stack(
        [
            kaldi.fbank(wave[None], num_mel_bins=80, sample_frequency=16_000, dither=0.0)
            for wave in waves
        ]
    )
    expected = expected - expected.mean(dim=1, keepdim=True)
    found = FilterBanks().double()(waves)
    assert found.shape == (3, 105, 80)
    assert (found - expected).abs().max() < 1e-4
    single = FilterBanks()(waves.float())
    assert (single - expected).abs().max() < 2e-3


def test_campplus_has_the_published_shape() -> None:
    """937 named parameters and buffers, 7.2 million values, 192 outputs for any length."""
    from pipeline.models.campplus import CamPlusPlus

    network = CamPlusPlus().eval()
    state = network.state_dict()
    assert len(state) == 937
    assert sum(tensor.numel() for tensor in network.parameters()) == pytest.approx(7.2e6, rel=0.05)
    with torch.inference_mode():
        for frames in (8, 200, 203):
            assert network(torch.randn(2, frames, 80)).shape == (2, 192)


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """CAM++ with random weights as a file."""
    quiet_dependencies()
    from safetensors.torch import save_file

    from pipeline.models.campplus import CamPlusPlus

    torch.manual_seed(5)
    path = tmp_path_factory.mktemp("campplus") / "model.safetensors"
    save_file(CamPlusPlus().state_dict(), path)
    return path


def test_campplus_in_halves_is_the_whole() -> None:
    """Mean and deviation of the frames of a block, pooled, are what forward() gives."""
    from pipeline.models.campplus import CamPlusPlus

    torch.manual_seed(3)
    network = CamPlusPlus().eval()
    banks = torch.randn(2, 61, 80)
    with torch.inference_mode():
        frames = network.frames(banks)
        statistics = torch.cat([frames.mean(-1), frames.std(-1)], dim=-1)
        pooled = network.pooled(statistics[..., None])
        whole = network(banks)
    assert frames.shape == (2, 512, 31)
    assert pooled.shape == (2, 192)
    assert torch.allclose(pooled, whole, atol=1e-5)


def test_sums_of_blocks_give_the_embeddings_of_the_blocks(untrained: Path) -> None:
    """The voice network and the sums over its frames agree with the plain embedding."""
    waves = noise(2, 8240, seed=4)
    expected = unit(load_embedding(untrained)(waves).numpy())
    network = load_voice_network(untrained)
    frames = network.frames(waves.numpy())
    assert frames.shape == (2, 512, 25)
    sums = Sums.empty(2, 512)
    sums.add(np.repeat([0, 1], 25), frames.transpose(0, 2, 1).reshape(-1, 512))
    found = sums.embeddings(network)
    assert found == pytest.approx(expected, abs=1e-3)


def test_frames_do_not_depend_on_who_asks_at_once(untrained: Path) -> None:
    """Threads share the network: each gets what it would get alone."""
    network = load_voice_network(untrained)
    waves = [noise(1, 8000, seed=seed).numpy() for seed in range(3)]
    alone = [network.frames(wave) for wave in waves]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(network.frames, waves))
    for one, other in zip(alone, together, strict=True):
        assert one == pytest.approx(other, abs=1e-5)


def test_embeddings_do_not_depend_on_the_batch(models_dir: Path) -> None:
    """A waveform gets the same 192 numbers alone and among others."""
    embed = load_embedding(models_dir / "campplus" / "model.safetensors")
    waves = noise(3, 16_000)
    together = embed(waves)
    alone = torch.cat([embed(wave[None]) for wave in waves])
    assert (together.shape, together.dtype) == ((3, 192), torch.float32)
    assert torch.allclose(together, alone, atol=2e-3)
    assert not together.requires_grad


def test_segmentation_gives_sets_of_speakers(models_dir: Path) -> None:
    """Ten seconds give 589 frames of log-probabilities of 7 sets, and Inference takes it."""
    model = load_segmentation(models_dir / "segmentation-3.0" / "model.safetensors")
    with torch.inference_mode():
        scores = model(noise(2, 1, 160_000))
    assert scores.shape == (2, 589, 7)
    assert torch.allclose(scores.exp().sum(-1), torch.ones(2, 589), atol=1e-4)
    specifications = model.specifications
    assert (specifications.duration, len(specifications.classes)) == (10.0, 3)
    assert (specifications.powerset_max_classes, specifications.powerset) == (2, True)

    from pyannote.audio import Inference

    inference = Inference(model, step=5.0, batch_size=2, skip_aggregation=True)
    chunks = inference({"waveform": noise(1, 320_000), "sample_rate": 16_000})
    assert chunks.data.shape == (3, 589, 3)


@pytest.mark.parametrize("load", [load_embedding, load_voice_network, load_segmentation])
def test_a_file_that_is_not_the_weights_is_an_error(
    load: object, tmp_path: Path, models_dir: Path
) -> None:
    """Nothing, nonsense and another network's weights are a ModelError with what to run."""
    assert callable(load)
    path = tmp_path / "model.safetensors"
    other = "campplus" if load is load_segmentation else "segmentation-3.0"
    for content in (None, b"", b"nonsense" * 100, other):
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif content is not None:
            shutil.copy(models_dir / content / "model.safetensors", path)
        with pytest.raises(ModelError, match="parley models fetch"):
            load(path)
