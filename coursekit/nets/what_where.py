"""A codec of frames with one digit each: what it is, in a few numbers, and where it is, in two."""

import torch
from torch import Generator, Tensor, nn

from ..base import ink_centre, resample

CROP = 11
"""Pixels along a side of the window around the centre of the ink; no digit is larger."""
FINE = 2
"""Decoded windows have so many pixels for one: drawn at a fraction of a pixel, they lose less."""
FINE_CROP = FINE * (CROP - 1) + 1
FLOOR = 0.15
"""Fainter ink is taken for paper when the centre of a decoded window is sought: decoding leaves a haze."""


class WhatWhere(nn.Module):
    """An autoencoder of frames that holds one digit each: what it looks like, and where it is.

        frame -> centre of the ink c,  window around c -> mean of q(what | window) = N(mean, exp log_var)
        latent of the frame = ( what / spread,  gain (c - middle) / half )

    The window moves with the digit (a spatial transformer, Jaderberg et al. 2015), so that a small
    variational autoencoder of windows suffices, and the numbers of position are positions. Eslami et al. 2016
    ("Attend, infer, repeat") and, for clips, Kosiorek et al. 2018 learn such a code; here the centre of the
    ink gives it. It knows that there is one digit on blank paper, and nothing else can be encoded.

    `gain` says how finely a position counts beside the rest: a generator of latents makes errors of a similar
    size in each number, and one of them is half / gain pixels.

    Args:
        size: pixels along a side of a frame.
        what: numbers that describe the window.
        hidden: width of the encoder and the decoder.

    >>> codec = WhatWhere()
    >>> latents = codec.latents(data.moving_digits(3).frames)
    >>> latents.shape, codec.clips(latents).shape
    (torch.Size([3, 8, 18, 1, 1]), torch.Size([3, 8, 1, 16, 16]))
    """

    spread: Tensor
    gain: Tensor

    def __init__(self, size: int = 16, what: int = 16, hidden: int = 256) -> None:
        super().__init__()
        self.config = {"size": size, "what": what, "hidden": hidden}
        self.encoder = nn.Sequential(
            nn.Linear(CROP**2, hidden),
            nn.SiLU(),
            nn.Linear(hidden, hidden),
            nn.SiLU(),
            nn.Linear(hidden, 2 * what),
        )
        self.decoder = nn.Sequential(
            nn.Linear(what, hidden),
            nn.SiLU(),
            nn.Linear(hidden, hidden),
            nn.SiLU(),
            nn.Linear(hidden, FINE_CROP**2),
        )
        self.register_buffer("spread", torch.ones(what))
        self.register_buffer("gain", torch.tensor(1.0))

    @staticmethod
    def fine_windows(images: Tensor) -> Tensor:
        """What windows should be decoded to: digits (n, 1, height, width) themselves, as (n, 1, 21, 21).

        A digit in a clip is blurred by interpolation, in each frame a little differently; this is drawn from
        the digit as it was written, the same for all frames.
        """
        ink = (images[:, 0] + 1) / 2
        centre = ink_centre(ink)
        middle = torch.full_like(centre, (FINE_CROP - 1) / 2)
        return 2 * resample(ink, FINE_CROP, centre, middle, FINE)[:, None] - 1

    def windows(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Cut the window around the ink's centre out of frames (n, 1, size, size).

        Returns windows (n, 1, 11, 11) with pixels in [-1, 1], and centres (n, 2).
        """
        ink = (frames[:, 0].clamp(-1, 1) + 1) / 2
        centre = ink_centre(ink)  # of all of it: of a real frame this is its position, exactly
        middle = torch.full_like(centre, (CROP - 1) / 2)
        return 2 * resample(ink, CROP, centre, middle)[:, None] - 1, centre

    def encode(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of q(what | window) for windows (n, 1, 11, 11): (n, what) twice."""
        mean, log_var = self.encoder(windows.flatten(1)).chunk(2, dim=1)
        return mean, log_var

    def decode(self, what: Tensor) -> Tensor:
        """Fine windows (n, 1, 21, 21), two pixels for one, for codes (n, what)."""
        return self.decoder(what).reshape(-1, 1, FINE_CROP, FINE_CROP)

    def forward(self, windows: Tensor, generator: Generator | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Encode windows, draw a code for each, decode it: fine windows, mean and log-variance."""
        mean, log_var = self.encode(windows)
        noise = torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
        return self.decode(mean + (log_var / 2).exp() * noise), mean, log_var

    @torch.no_grad()
    def standardise(self, windows: Tensor, gain: float) -> None:
        """Set the spread of the codes to that of windows (n, 1, 11, 11), and the gain of the position."""
        self.spread.copy_(self.encode(windows)[0].std(dim=0).square().mean().sqrt())
        self.gain.fill_(gain)

    @torch.no_grad()
    def latents(self, clips: Tensor) -> Tensor:
        """Encode clips (n, frames, 1, size, size) frame by frame: (n, frames, what + 2, 1, 1)."""
        windows, centre = self.windows(clips.flatten(0, 1))
        where = self.gain * (centre / self._half - 1)
        latents = torch.cat([self.encode(windows)[0] / self.spread, where], dim=1)
        return latents.reshape(*clips.shape[:2], -1, 1, 1)

    @torch.no_grad()
    def clips(self, latents: Tensor) -> Tensor:
        """Decode latents (n, frames, what + 2, 1, 1) frame by frame: (n, frames, 1, size, size)."""
        what, where = latents.flatten(0, 1)[..., 0, 0].split([self.config["what"], 2], dim=1)
        ink = (self.decode(what * self.spread)[:, 0].clamp(-1, 1) + 1) / 2
        centre = ink_centre(torch.where(ink > FLOOR, ink, 0))
        target = self._half * (1 + where / self.gain)
        drawn = resample(ink, self.config["size"], centre, target, 1 / FINE)
        return (2 * drawn - 1).reshape(*latents.shape[:2], 1, *drawn.shape[1:])

    @property
    def _half(self) -> float:
        return (self.config["size"] - 1) / 2
