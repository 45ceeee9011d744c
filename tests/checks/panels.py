"""Explorers in a test: move the controls, and read what stands below the picture."""


def moved(panel, **values):
    """Set controls by name and return the text below the picture."""
    controls = dict(zip(panel.values, panel.children, strict=False))  # the page comes last
    for name, value in values.items():
        controls[name].value = value
    assert all(panel.values[name] == value for name, value in values.items())
    assert 'role="alert"' not in panel.children[-1].value
    return panel.picture.alt


def assert_every_control_draws(panel, others):
    """Another value of any control gives another picture, and the first value the first picture again."""
    before = panel.picture.png
    for name, other in others.items():
        old = panel.values[name]
        moved(panel, **{name: other})
        assert panel.picture.png != before, name
        moved(panel, **{name: old})
        assert panel.picture.png == before, name
