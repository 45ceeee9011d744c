"""What to tell a student whose simple loss fails a fact."""

NOT_ASKED = (
    "Your loss never asks the network anything. It has to be called with the state and the index, as in "
    "`net(x, k)`, and its answer compared with the noise."
)
OTHER_ROWS = (
    "Your loss shows the network {0} states for {1} data points. Make one state for each row of `z`, with "
    "one index and one noise, and hand them all over in one call."
)
FACTOR = "Your loss is {0} times the mean: a constant factor is fine."
LOOK_OWN = (
    "The states of one batch share their index. Each batch then teaches the network about one step only. "
    "Draw one index for every row: look at the shape."
)
LOOK_WHOLE = (
    "The network is told numbers that are not whole. This one is asked with the index of the chain itself, "
    "one of 1, 2, … K."
)
LOOK_ENDS = (
    "The indices that your network is told should run from 1 to K, and both ends should come. Which numbers "
    "does your draw leave out, or add? The table has K + 1 entries."
)
LOOK_EVEN = (
    "Your indices are not spread evenly from 1 to K. Which function draws whole numbers that are all equally "
    "likely?"
)
LOOK_STATE = (
    "The states that the network gets are not those of the chain: take away the data's part, divide by the "
    "noise's weight, and standard normal noise should be left. How do you mix data and noise, and which "
    "entry of the table do you take?"
)
LOOK_NOISE = (
    "The noise in your states has the right size but the wrong law: its mean is not zero, its coordinates go "
    "together, or it goes with the data. Draw standard normal noise of the shape of `z`, and mix it in with "
    "the weights of the index that the network is told."
)
LOOK_FRESH = (
    "Two calls with the same data use the same noise. Training needs fresh noise and fresh indices in each "
    "step. Is a seed set inside your function?"
)
LOOK_TARGET = (
    "A network that finds the noise in every row should cost nothing, and with your loss it costs something. "
    "The target is another one. What is asked about the state, and which draw is in it?"
)
LOOK_SQUARES = (
    "Your loss is not a mean of squared errors. An error twice as large costs four times as much, errors of "
    "opposite sign do not cancel, and the coordinates count for themselves. In which order do you square, "
    "sum and average?"
)
LOOK_WEIGHT = (
    "The same error does not cost the same after few steps and after many. In the simple loss every index "
    "counts alike. Do you multiply or divide the residual by something?"
)
LOOK_GRADIENT = (
    "The loss has the right value, but no gradient leads from it back to the network, so nothing would be "
    "learnt. Look for `.item()`, `.detach()`, `torch.no_grad` or a conversion to a plain number."
)
LOOK_ANEW = (
    "Two calls use the same indices. Training needs other ones in each step, or most of the chain is never "
    "learnt. Are they drawn, and is a seed set inside your function?"
)
LOOK_EACH = (
    "All states of the batch share one draw of noise. Each state needs a draw of its own; look at the shape "
    "in which you draw."
)
LOOK_SIGN = "The larger the error, the lower your loss. Which sign has a mean of squares?"
LOOK_DIFFERENCE = (
    "A network that always answers zero stands at the bottom of your loss. Do you square the answer and the "
    "noise apart from each other? First the difference, then the square."
)
