"""Checks of lab 10, words and video: `cross_attention = checks.ch10.cross_attention(cross_attention)`."""

from .ex10_1_word_vectors import word_vectors
from .ex10_2_cross_attention import cross_attention
from .ex10_3_tubes import tubes
from .ex10_4_over_time import over_time
from .ex10_5_guided_words import guided_words
from .ex10_6_caption_vector import caption_vector
from .ex10_7_motion_residual import motion_residual
from .ex10_8_continue_clip import continue_clip
from .ex10_9_my_mixer import LADDER as ladder
from .ex10_9_my_mixer import my_mixer, real_tracks, talked

__all__ = [
    "caption_vector",
    "continue_clip",
    "cross_attention",
    "guided_words",
    "ladder",
    "motion_residual",
    "my_mixer",
    "over_time",
    "real_tracks",
    "talked",
    "tubes",
    "word_vectors",
]
