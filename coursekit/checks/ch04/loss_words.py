"""What to tell a student whose loss of exercise 4.4 fails a fact."""

LOOK_GUIDE = (
    "The check handed over a network that always knows the right answer: the velocity of each state on its "
    "line. For that network a right loss is zero; yours is not. Is the target the velocity of the path, and "
    "does the network get the state of that same path, and its time?"
)
LOOK_STATES = (
    "The states that your function shows to the network are not those of the path: without their data part, "
    "and divided by their noise weight, they should be standard normal. How is a state at time t mixed?"
)
LOOK_NOISE = (
    "Take the data's part away from the states that your function shows to the network, and divide by one "
    "minus the time: standard normal numbers should be left. Yours have another size, or go together. What "
    "noise do you draw, and in which shape?"
)
LOOK_AGAIN = (
    "In two calls the network is told the same times, row by row. Times have to be drawn afresh in every "
    "call, inside your function, without a fixed ladder of them and without a fixed seed."
)
LOOK_EVEN = (
    "Your times are not spread evenly over the interval from 0 to 1: their mean or their spread is another "
    "one. Every moment of the path has to be trained alike. What do you do with the numbers that you draw?"
)
LOOK_SIGN = (
    "Your loss is smaller than zero for a network that errs, and the more it errs the smaller. Training "
    "looks for the smallest loss, so it would make the errors as large as it can. Look for a minus."
)
LOOK_TIMES = (
    "Your times are not one for each state, each between 0 and 1. Print what you draw: its shape, its "
    "smallest and largest number, its mean."
)
LOOK_FRESH = (
    "Two calls with the same data show the network the same states. Times and noise have to be drawn afresh "
    "in every call, inside your function, and without a fixed seed."
)
LOOK_LAW = (
    "Times or noise come from another law: times are uniform between 0 and 1, noise is standard normal, and "
    "one of them is not. Draw a histogram of what you draw."
)
LOOK_SQUARE = (
    "An error that is twice as large should cost four times as much, whichever sign it has, wherever in the "
    "batch it is, and the same in every call. Yours costs something else. In which order do you square and "
    "average?"
)
LOOK_GRADIENT = (
    "The loss is a right number, but its gradient does not reach the network's weights as it should. Is a "
    "part of it detached, or turned into a plain number?"
)
