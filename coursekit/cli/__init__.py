"""The command `coursekit`: train an image generator, and sample from it.

config       the settings of a run, and the preset of network and rates that goes with them
distributed  one process, or several that train one network together
run_state    files of a run, written whole or not at all
train        the training itself, which can be killed and resumed
sample       images from a finished run
evaluate     how good they are
main         the command line
"""
