"""Ink on paper: where its centre lies, and how to show it elsewhere, between the pixels too."""

import torch
from torch import Tensor
from torch.nn.functional import grid_sample


def ink_centre(ink: Tensor) -> Tensor:
    """Centre of mass of the ink in images.

        c = sum over pixels p of ink(p) p / sum over pixels of ink(p)

    Args:
        ink: (…, height, width), 0 is paper and 1 is ink.
    Returns:
        (…, 2), row and column in pixels; the first pixel's centre is 0. An empty image has its centre at 0.
    """
    height, width = ink.shape[-2:]
    mass = ink.sum((-1, -2)).clamp_min(1e-6)
    rows = (ink.sum(-1) * torch.arange(height, dtype=ink.dtype, device=ink.device)).sum(-1)
    columns = (ink.sum(-2) * torch.arange(width, dtype=ink.dtype, device=ink.device)).sum(-1)
    return torch.stack([rows / mass, columns / mass], dim=-1)


def resample(ink: Tensor, size: int, source: Tensor, target: Tensor, zoom: float = 1.0) -> Tensor:
    """Show each image on a square canvas so that one of its points comes to lie on a given point.

        canvas(p) = ink( source + (p - target) / zoom ),   bilinear between pixels, paper outside

    At zoom 1 the ink and its centre of mass are kept exactly, at fractions of a pixel too, as long as no ink
    leaves the canvas: the hat functions of bilinear interpolation add up to one and reproduce straight lines.

    Args:
        ink: (n, height, width), 0 is paper.
        size: pixels along a side of the canvas.
        source: points of the images, (n, 2), row and column.
        target: points of the canvas, (n, 2).
        zoom: size of the digits on the canvas, as a multiple of theirs.
    Returns:
        (n, size, size).
    """
    height, width = ink.shape[-2:]
    pixels = torch.arange(size, dtype=ink.dtype, device=ink.device)
    rows, columns = (
        source[:, axis, None] + (pixels - target[:, axis, None]) / zoom for axis in (0, 1)
    )  # (n, size) each
    across = (2 * columns / (width - 1) - 1)[:, None, :].expand(-1, size, -1)
    down = (2 * rows / (height - 1) - 1)[:, :, None].expand(-1, -1, size)
    grid = torch.stack([across, down], dim=-1)
    return grid_sample(ink[:, None], grid, align_corners=True, padding_mode="zeros")[:, 0]
