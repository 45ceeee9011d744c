"""The command `coursekit`: train an image generator, and sample from it.

config       what a run was asked for, and the preset of network and rates that goes with it
distributed  one process or several that train one network together
run_state    files of a run, written whole or not at all
train        the training itself, which can be killed and resumed
sample       images out of a finished run
evaluate     how good they are
main         the command line
"""
