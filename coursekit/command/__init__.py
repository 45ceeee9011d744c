"""The command `coursekit`: train an image generator, and sample from it.

Modules, each importing only from those before it:

    job       what was asked for, and the network and rates that go with it
    team      one process or several that train one network together
    folder    files of a run, written whole or not at all
    train     the training itself, which can be killed and resumed
    sample    images out of a finished run
    report    how good they are
    cli       the command line
"""
