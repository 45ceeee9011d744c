"""What to tell a student whose sampler is not close enough, by what is seen of it."""

LOOKS = {
    "questions left": (
        "Your sampler is not close enough yet, and it has questions left: it asks fewer than twenty times. "
        "Take more steps."
    ),
    "too random": (
        "Your samples differ from run to run, and on average they are not close enough. Fresh noise has "
        "to be worked in by later steps: try less of it, and none towards the end."
    ),
    "not close enough": (
        "Your sampler is not close enough yet. Change where the steps lie, shorter towards the data, or let "
        "a step use more than one answer of the network."
    ),
    "net not asked": (
        "Your sampler never asks the network. Where the data lie, only the network knows: call it, as in "
        "`net(x, k)`, with a state and its index, on the way from k = 1000 to k = 0."
    ),
    "network told a time": (
        "Your sampler tells the network numbers from 0 to 1, as if they were times. This one is asked with "
        "the index, from 1000 for noise to 1, next to the data."
    ),
    "wrong direction": (
        "Your sampler begins at the data's end of the chain. The states that it is given are noise, at "
        "k = 1000, and from there the indices get smaller. In which order are your indices?"
    ),
    "always from the start": (
        "Your sampler asks about the first states again and again: what a step returns never becomes the "
        "state from which the next one sets out. Which name does the result of a step get?"
    ),
    "does not land": (
        "Your sampler does not arrive. The check has tried it on data that are a single point, where every "
        "step can be exact, and it missed the point. Does the last step go to k = 0, and does the network "
        "hear the index at which the state really lies?"
    ),
    "strides grow towards the data": (
        "Your strides get longer towards the data, where the state changes fastest. Which of your indices "
        "lie close together? Turn the spacing round."
    ),
}
