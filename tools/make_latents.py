"""Make what chapter 09 ships: `python tools/make_latents.py`, some three quarters of an hour of one thread.

It trains an autoencoder of MNIST for a minute, encodes the training images once (in build/latents, read as
they are needed), and trains generators at equal processor seconds, of its latents and of pixels. Into
coursekit/weights go `vae_mnist` and `latent_mnist` with measurements and model cards, and the table
`latent_against_pixel.json`. Finished runs stay in build/latents: killed, it goes on with the next; delete the
folder to begin anew.
"""

import json
import shutil
import time
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from make_checkpoint import DATA, JUDGE, ROOT, processor
from torch import Generator, Tensor

from coursekit import GaussianPath, data, limit_threads
from coursekit.cli.sample import generate
from coursekit.evaluation import metrics
from coursekit.evaluation.classifiers import mnist_classifier
from coursekit.nets import ConvVAE, DiT, FiLMMLP, ImageNetwork, UNet, load_vae, pretrained
from coursekit.training import EMA, fit, gaussian_kl, prediction_loss, vae_loss, with_dropped_labels

KEPT, OUT = ROOT / "build" / "latents", ROOT / "coursekit" / "weights"
VAE = {"beta": 0.2, "steps": 2700, "batch": 64, "lr": 4e-3, "decay": 0.995}
BLIND = """It was trained on digits alone and blurs what it has not seen. Draws of its prior, N(0, I), decode
to strokes that are no digits: to generate, the law of its latents must be learnt."""
ACTIVE = 0.02  # nats that an axis must tell of its image to be counted
COUNT, POOL, HEUN = 2000, 10_000, 10
MADE = {
    "command": "python tools/make_latents.py",
    "machine": f"one thread of {processor()}, torch {torch.__version__}",
    "data": DATA["mnist"],
}
NETS: dict[str, type[ImageNetwork]] = {"mlp": FiLMMLP, "transformer": DiT, "unet": UNet}


@dataclass(frozen=True)
class Run:
    """A training; `step_ms`, the processor milliseconds of a step, set how many steps the seconds hold.

    `spread` is the deviation of the latents: standardised, as encoded, or another one.
    """

    space: str
    net: str
    seconds: int
    step_ms: float
    batch: int
    lr: float
    sizes: dict[str, int] = field(hash=False)
    spread: str = "1"
    decay: float = 0.995

    @property
    def name(self) -> str:
        return f"{self.space} {self.net} {self.seconds} s" + f", spread {self.spread}" * (self.spread != "1")


MLP, TOKENS = {"hidden": 256, "blocks": 3}, {"width": 48, "depth": 3}
SHIPPED = Run("latent", "mlp", 60, 7.94, 128, 3e-3, MLP)
RUNS = [
    SHIPPED,
    Run("pixel", "mlp", 60, 11.3, 128, 3e-3, MLP),
    Run("latent", "unet", 60, 25.4, 64, 3e-3, {"width": 32, "levels": 2}),
    Run("latent", "transformer", 60, 26.7, 32, 4e-3, {**TOKENS, "patch": 1}),
    Run("pixel", "transformer", 60, 27.0, 32, 4e-3, {**TOKENS, "patch": 4}),
    *(Run("latent", "mlp", 60, 7.94, 128, 3e-3, MLP, spread) for spread in ("as encoded", "0.1", "10")),
    *(Run("latent", "mlp", seconds, 7.94, 128, 3e-3, MLP) for seconds in (120, 15, 30)),
    *(Run("pixel", "mlp", seconds, 11.3, 128, 3e-3, MLP) for seconds in (120, 240, 480)),
]


def write(name: str, told: dict[str, Any], limits: str) -> None:
    """Write measurements and the model card of a network that is in its place already."""
    path = OUT / f"{name}.safetensors"
    path.chmod(0o644)  # the writer keeps it to its owner, but a package's file is for all
    net = pretrained.load(path)
    told |= {"parameters": sum(weight.numel() for weight in net.parameters()), "sizes": net.config}
    (OUT / f"{name}.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    rows = "\n".join(f"| {key.replace('_', ' ')} | {value} |" for key, value in told.items())
    text = (
        f"# Model card: {name}.safetensors\n\nWritten by `{told['command']}`, in float16. For teaching.\n\n"
        f"| | |\n|---|---|\n{rows}\n\nRead by {JUDGE['mnist']}, on whose features of {COUNT:,} images "
        f"Fréchet distances are.\n\n## Limits\n\n{limits}\n"
    )
    (OUT / f"{name}.md").write_text(text, encoding="utf-8")


def frechet(images: Tensor) -> float:
    judge, real = mnist_classifier(), data.mnist().test.images[:COUNT]
    return metrics.frechet_distance(judge.features(images.clamp(-1, 1)), judge.features(real))


def train_vae() -> None:
    torch.manual_seed(0)
    vae, images, generator = ConvVAE(), data.mnist().train.images, Generator().manual_seed(0)
    ema, began, loss = EMA(vae, VAE["decay"]), time.process_time(), vae_loss(VAE["beta"])
    counts = {"steps": int(VAE["steps"]), "batch": int(VAE["batch"])}
    for _ in fit(vae, loss, images, **counts, lr=VAE["lr"], ema=ema, generator=generator):
        pass
    told: dict[str, Any] = MADE | VAE
    told["processor_seconds"] = round(time.process_time() - began, 1)
    ema.net.standardise(images)
    pretrained.save(ema.net, OUT / "vae_mnist.safetensors", half=True, **VAE)
    write("vae_mnist", told | measured_vae(load_vae()), BLIND)
    KEPT.mkdir(parents=True)


@torch.no_grad()
def measured_vae(vae: ConvVAE) -> dict[str, Any]:
    """How well test images come back, what their latents tell, and what draws of the prior decode to."""
    judge, (x, y) = mnist_classifier(), (part[:COUNT] for part in data.mnist().test)
    generator = Generator().manual_seed(1)
    mean, log_var = vae.encode(x)
    back, sampled = vae.decode(mean), vae(x, generator)[0]
    prior = vae.decode(torch.randn(mean.shape, generator=generator))
    axes = gaussian_kl(mean.reshape(-1, 1), log_var.reshape(-1, 1)).reshape(COUNT, -1).mean(0)
    found = {"rate": axes.sum(), "distortion": (sampled - x).square().flatten(1).sum(1).mean()}
    found["agreement_real"] = metrics.accuracy(judge.classify(x), y)
    for name, images in (("", back), ("_sampled", sampled)):
        found[f"mse{name}"] = (images - x).square().mean()
        found[f"agreement{name}"] = metrics.accuracy(judge.classify(images.clamp(-1, 1)), y)
        found[f"frechet{name}"] = frechet(images)
    found |= {"frechet_prior": frechet(prior), "shift": vae.shift, "scale": vae.scale}
    kept = {name: round(float(value), 4) for name, value in found.items()}
    return {**kept, "active_axes": int((axes > ACTIVE).sum()), "axes": len(axes)}


def latents(vae: ConvVAE) -> Tensor:
    """Standardised latents of the training images, computed once and mapped from the disk."""
    file = KEPT / "mnist.npy"
    if not file.exists():
        with torch.no_grad():
            np.save(file, vae.latents(data.mnist().train.images).half().numpy())
    return torch.from_numpy(np.load(file, mmap_mode="c"))


def trained(run: Run, vae: ConvVAE) -> dict[str, Any]:
    """Train and measure a run's network, unless it is kept."""
    if (record := KEPT / f"{run.name}.json").exists():
        return dict(json.loads(record.read_text(encoding="utf-8")))
    raw = run.spread == "as encoded"
    shift, scale = (float(vae.shift), float(vae.scale)) if raw else (0.0, float(run.spread))
    images, labels = data.mnist().train
    z = images if run.space == "pixel" else shift + scale * latents(vae).float()
    torch.manual_seed(0)
    net = NETS[run.net](channels=z.shape[1], size=z.shape[-1], **run.sizes)
    ema, steps = EMA(net, run.decay), round(1000 * run.seconds / run.step_ms)
    loss = with_dropped_labels(prediction_loss(GaussianPath(), "data", "data"), 0.15, null=net.null)
    began, generator = time.process_time(), Generator().manual_seed(0)
    for _ in fit(net, loss, (z, labels), steps, batch=run.batch, lr=run.lr, ema=ema, generator=generator):
        pass
    row = {"name": run.name, **asdict(run), "sizes": net.config, "predict": "data", "steps": steps}
    row["processor_seconds"] = round(time.process_time() - began, 1)
    row["parameters"] = sum(weight.numel() for weight in net.parameters())
    pretrained.save(ema.net, record.with_suffix(".safetensors"), half=True, steps=steps, predict="data")
    made, judge = pretrained.load(record.with_suffix(".safetensors")), mnist_classifier()
    y = data.mnist().test.labels[:COUNT]
    assert isinstance(made, ImageNetwork)
    for w in (1.0, 1.5, 2.0):
        began = time.process_time()
        drawn = generate(made, "data", y, w, steps=HEUN, seed=3, clip=run.space == "pixel")
        if run.space == "latent":
            drawn = vae.images((drawn - shift) / scale).clamp(-1, 1)
        row[f"ms_per_image_w{w:g}"] = round(1000 * (time.process_time() - began) / COUNT, 2)
        row[f"agreement_w{w:g}"] = round(metrics.accuracy(judge.classify(drawn), y), 4)
        row[f"frechet_w{w:g}"] = round(frechet(drawn), 2)
    record.write_text(json.dumps(row), encoding="utf-8")
    print(json.dumps(row), flush=True)
    return row


def main() -> None:
    limit_threads()
    if not KEPT.exists():
        train_vae()
    vae, judge, mnist = load_vae(), mnist_classifier(), data.mnist()
    pool, held_out = judge.features(mnist.train.images[:POOL]), judge.features(mnist.test.images[:COUNT])
    floor = metrics.frechet_floor(pool, held_out, generator=Generator().manual_seed(0)).mean()
    told: dict[str, Any] = {
        **MADE,
        "images": COUNT,
        "heun_steps": HEUN,
        "frechet_floor": round(float(floor), 2),
    }
    row = trained(SHIPPED, vae)
    shutil.copy(KEPT / f"{SHIPPED.name}.safetensors", OUT / "latent_mnist.safetensors")
    write("latent_mnist", told | row, "It writes digits through vae_mnist's decoder, and knows nothing else.")
    told |= {"vae": json.loads((OUT / "vae_mnist.json").read_text(encoding="utf-8"))}
    told |= {"runs": [trained(run, vae) for run in RUNS]}
    (OUT / "latent_against_pixel.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
