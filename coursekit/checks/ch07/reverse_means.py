"""Known wrong means of an ancestral step, and what to tell the student who is seen to take one."""

from .reverse_parts import Mean, Rule, guess, rule, through_data


def _mean(mean: Mean) -> Rule:
    return rule(mean=mean)


MEANS: dict[str, tuple[Rule, str]] = {
    "alpha-bar for alpha in the divisor": (
        _mean(lambda x, eps, n: (x - n["beta"] / (1 - n["bar"]).sqrt() * eps) / n["bar"].sqrt()),
        "You divide by the root of alpha-*bar*, which undoes all k steps at once. Only the last step is "
        "taken back here, and it multiplied the state by the root of its own alpha.",
    ),
    "alpha for alpha-bar under the root": (
        _mean(lambda x, eps, n: (x - n["beta"] / (1 - n["alpha"]).sqrt() * eps) / n["alpha"].sqrt()),
        "Under the root in your mean stands one minus alpha. The network predicts the noise of *all* k steps "
        "together; its weight in the state has a bar.",
    ),
    "root missing under the noise": (
        _mean(lambda x, eps, n: (x - n["beta"] / (1 - n["bar"]) * eps) / n["alpha"].sqrt()),
        "You divide the predicted noise by a variance, where the standard deviation should stand. A root is "
        "missing below the fraction bar.",
    ),
    "root missing in the divisor": (
        _mean(lambda x, eps, n: (x - n["beta"] / (1 - n["bar"]).sqrt() * eps) / n["alpha"]),
        "You divide by alpha itself. The forward step multiplied the state by its *root*, so it is the root "
        "that has to be divided out.",
    ),
    "not divided by the root of alpha": (
        _mean(lambda x, eps, n: x - n["beta"] / (1 - n["bar"]).sqrt() * eps),
        "The forward step shrank the state before it added noise. You take the noise out, but you do not "
        "stretch the rest again.",
    ),
    "multiplied by the root of alpha": (
        _mean(lambda x, eps, n: (x - n["beta"] / (1 - n["bar"]).sqrt() * eps) * n["alpha"].sqrt()),
        "You shrink the state once more. On the way back the factor of the forward step has to be divided "
        "out.",
    ),
    "only the first part divided": (
        _mean(lambda x, eps, n: x / n["alpha"].sqrt() - n["beta"] / (1 - n["bar"]).sqrt() * eps),
        "Only the state is divided by the root of alpha in your mean, and the noise is not. Brackets: first "
        "the noise goes out, then the whole is stretched.",
    ),
    "predicted noise not scaled": (
        _mean(lambda x, eps, n: (x - eps) / n["alpha"].sqrt()),
        "You take the whole predicted noise out in one step. Each step takes out a small part, in proportion "
        "to its beta.",
    ),
    "all of the noise taken out": (
        _mean(lambda x, eps, n: (x - (1 - n["bar"]).sqrt() * eps) / n["alpha"].sqrt()),
        "You take all of the noise out in one step, as if you made a guess at the data and noised it anew. "
        "One step takes out only the part that one step put in.",
    ),
    "beta alone on the predicted noise": (
        _mean(lambda x, eps, n: (x - n["beta"] * eps) / n["alpha"].sqrt()),
        "The factor of the predicted noise is too small: beta has to be divided by the spread of all the "
        "noise in the state. If you go by a guess at the data, a root is missing there: in the state, noise "
        "is multiplied by a standard deviation.",
    ),
    "sign of the predicted noise": (
        _mean(lambda x, eps, n: (x + n["beta"] / (1 - n["bar"]).sqrt() * eps) / n["alpha"].sqrt()),
        "You put the predicted noise into the state once more, so that it gets noisier on the way back. It "
        "has to come out.",
    ),
    "straight to the guess": (
        _mean(guess),
        "Your mean is the guess at the data point. The reverse step goes only one step towards it, to k - 1.",
    ),
    "data not divided by the root of alpha-bar": (
        _mean(through_data(lambda x, eps, n: x - (1 - n["bar"]).sqrt() * eps)),
        "In your guess at the data point the noise is taken out, but what is left is the data *times their "
        "weight*. It has to be divided by the root of alpha-bar.",
    ),
    "data divided by alpha-bar itself": (
        _mean(through_data(lambda x, eps, n: (x - (1 - n["bar"]).sqrt() * eps) / n["bar"])),
        "In your guess at the data point you divide by alpha-bar where its root should stand.",
    ),
    "root of beta on the predicted noise": (
        _mean(lambda x, eps, n: (x - (n["beta"] / (1 - n["bar"])).sqrt() * eps) / n["alpha"].sqrt()),
        "In the factor of the predicted noise you have put beta under the root too. Only what stands below "
        "the fraction bar is a standard deviation; beta itself stands above.",
    ),
    "alpha for beta on the predicted noise": (
        _mean(lambda x, eps, n: (x - n["alpha"] / (1 - n["bar"]).sqrt() * eps) / n["alpha"].sqrt()),
        "You take out far too much noise: above the fraction bar stands what the step leaves, alpha, where "
        "the noise that it put in should stand. Is a one-minus missing?",
    ),
    "alpha-bar for one minus alpha-bar": (
        _mean(lambda x, eps, n: (x - n["beta"] / n["bar"].sqrt() * eps) / n["alpha"].sqrt()),
        "Below the predicted noise stands the weight of the data. The noise has a weight of its own in the "
        "state: what is missing to one.",
    ),
    "guess cut off": (
        _mean(through_data(lambda x, eps, n: guess(x, eps, n).clamp(-1, 1))),
        "You cut your guess at the data off at -1 and 1. That suits images with such pixels. These data may "
        "lie elsewhere, and the paper's formula knows no bounds.",
    ),
    "weights of state and guess swapped": (
        _mean(lambda x, eps, n: through_data(lambda z, eps, n: x)(guess(x, eps, n), eps, n)),
        "Your mean mixes the state and the guess at the data point, and the two weights have changed places. "
        "One step back, the new state still lies close to the old one.",
    ),
    "variances read one place too late": (
        rule(shift=1),
        "You use the variance of the step *after* this one. The list `betas` begins with step 1 at its place "
        "0, so step k stands at the place k - 1.",
    ),
    "shares read one place too early": (
        rule(shift_bar=-1),
        "You read the table `alpha_bar` one place too early. It begins with the index 0, the data, so the "
        "share at index k stands at the place k.",
    ),
    "variances read one place too early": (
        rule(shift=-1),
        "You use the variance of the step *before* this one. The list `betas` begins with step 1 at its "
        "place 0: how many places before k does step k stand?",
    ),
    "shares read one place too late": (
        rule(shift_bar=1),
        "You use the share at the index k + 1. The table `alpha_bar` begins with the index 0; a product that "
        "you make from `betas` yourself begins with that of one step.",
    ),
    "both tables read one place too late": (
        rule(shift=1, shift_bar=1),
        "You take the step after this one, in both tables: you count from 0, and the paper's steps from 1. "
        "Step k stands in `betas` at the place k - 1, and its share in `alpha_bar` at the place k.",
    ),
    "network told the index before": (
        rule(asked=lambda k, steps: k - 1),
        "You tell the network the index k - 1. It is asked about the state `x`, which lies at k.",
    ),
    "network told our time": (
        rule(asked=lambda k, steps: 1 - k / steps),
        "You tell the network our time, from 0 for noise to 1 for data. This one is asked in the paper's "
        "language: with the index k.",
    ),
    "network told the other direction": (
        rule(asked=lambda k, steps: steps - k),
        "You tell the network K - k. It is asked about the state `x`, which lies at the index k, counted "
        "from the data as everywhere in this lab.",
    ),
}
