"""What to tell a student whose loss fails a fact."""

NOT_ASKED = (
    "Your loss never asks the network anything. It has to be called with the state and the time, as in "
    "`net(x, t)`, and its answer compared with the target."
)
OTHER_ROWS = (
    "Your loss shows the network {0} states for {1} data points. Make one state for each row of `z`, with "
    "one time and one noise, and hand them all over in one call."
)
FACTOR = "Your loss is {0} times the mean: a constant factor is fine."
LOOK_OWN = (
    "The states of one batch share their time. Each batch then teaches the network about one moment only, "
    "and the loss jumps from batch to batch. Draw one time for every row: look at the shape."
)
LOOK_BEYOND = (
    "Some of the times lie beyond the last one allowed. There `beta` is tiny and the score of a state huge, "
    "so that a few late rows outweigh all others. How do you stretch [0, 1] onto the right interval?"
)
LOOK_BEYOND_ONE = (
    "Some of your times lie beyond 1, where the path has ended and there is nothing to learn. Which function "
    "draws uniform numbers between 0 and 1?"
)
LOOK_TIMES = (
    "Your times are not spread evenly over the whole interval that is asked for. Which function draws "
    "uniform numbers between 0 and 1, and what do you do with them?"
)
LOOK_EARLY = (
    "Your times do not fill the interval that is asked for: its beginning or its end is left out, and the "
    "network never hears of it. From where to where should they run, and by what do you multiply uniform "
    "numbers?"
)
LOOK_LADDER = (
    "Two calls with the same data use the same times, row by row. Every row should get a fresh time in each "
    "step of training: draw them, in every call."
)
LOOK_SIGN = (
    "Your loss falls below zero for a network that errs, the further the more it errs. Training looks for "
    "the smallest loss, so it would make the errors as large as it can. Look for a minus."
)
LOOK_STATE = (
    "The states that the network gets do not lie on the path: take away `alpha` times the data point, divide "
    "by `beta`, and standard normal noise should be left. How do you mix data and noise, and what do you "
    "hand to `net`, at which time?"
)
LOOK_NOISE = (
    "The noise in your states has the right size but the wrong law: its mean is not zero, or its coordinates "
    "go together. Draw standard normal noise of the shape of `z`."
)
LOOK_FRESH = (
    "Two calls with the same data use the same noise. Training needs fresh noise and fresh times in each "
    "step. Is a seed set inside your function?"
)
LOOK_TARGET = (
    "A network that gives the right answer to every row should cost nothing. With your loss it does: the "
    "target is another one. Which noise is in the state, and what is asked about it?"
)
LOOK_NEARLY = (
    "Your target is nearly the right one, but not where `beta` is small. Is a number added to `beta` before "
    "you divide? It has to be far smaller than every `beta` that occurs, or be left out: no time here needs "
    "it."
)
LOOK_SQUARES = (
    "Your loss is not a mean of squared errors. An error twice as large costs four times as much, errors of "
    "opposite sign do not cancel, and the coordinates count for themselves. In which order do you square, "
    "sum and average?"
)
LOOK_WEIGHT = (
    "The same error does not cost the same early and late in time. In this exercise every time counts alike. "
    "Do you multiply or divide the residual by something that depends on time?"
)
LOOK_GRADIENT = (
    "The loss has the right value, but no gradient leads from it back to the network, so nothing would be "
    "learnt. Look for `.item()`, `.detach()`, `torch.no_grad` or a conversion to a plain number."
)
