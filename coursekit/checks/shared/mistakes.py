"""Words for the mistakes that recur: one text for each name that stands in several exercises.

A known mistake is a name, a wrong rule and what to tell a student whose answer matches the rule. Here is
what to tell where the name alone decides it: first what the student's function does, then where to look.
The rules stay with the exercises, and so do the words of the mistakes that occur in one exercise only.
"""

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

Function = Callable[..., Any]
Mistake = tuple[Function, str]
"""A wrong rule, and what to tell the student who is seen to follow it."""

TEXTS: dict[str, str] = {
    # time: the clock, and one time for each row
    "one time for the whole batch": (
        "You use one and the same time for all rows of the batch. Each row has a time of its own, so the "
        "weights and the results differ from row to row. Where do you pick or draw a single time instead of "
        "a whole column?"
    ),
    "mean time for the whole batch": (
        "You use the mean of the times for all rows. Each row of the times belongs to the row in the same "
        "place, so the results have to differ from row to row. Where do you average, and what happens if "
        "you keep the whole column?"
    ),
    "time along the wrong axis": (
        "Your times run along the coordinates, so each coordinate gets a time of its own where each state "
        "should. Torch lines axes up from the right, and where the sizes match there is not even an error. "
        "Which shape do your times have when they meet the states?"
    ),
    "times from randn": (
        "Your times are normal numbers, negative ones and large ones among them. Times should be uniform: "
        "all moments of the path equally likely, and none outside it. Two functions of torch have names "
        "that differ by one letter."
    ),
    "time stands still": (
        "Every one of your steps asks about the first time: the clock never moves on. A field may change "
        "along the way, so each step needs the time at which it begins. Where in your loop does the time "
        "change?"
    ),
    "first step starts at h": (
        "Your clock is one step ahead: the first step asks about time h and not about time 0. A step begins "
        "at the time of the state it starts from. At which time is a state of pure noise?"
    ),
    "from data to noise": (
        "Your walk goes from time 1 to time 0. In this course noise is at time 0 and data at time 1, and "
        "samples are made from noise; papers with the other clock walk the other way."
    ),
    "time turned round": (
        "Your network is told a different time from the one at which its state was mixed, as if noise were "
        "at time 1. In this course noise is at time 0. Do the scheduler and the network get the same time?"
    ),
    "the last time always": (
        "All your states live at the last of the times, in every call. The network then learns about this "
        "one moment only. It should see states from the whole path: how is a time chosen for each row?"
    ),
    "time not shown": (
        "Your network is told time 0 for every state. How much noise a state holds depends on its time, and "
        "without that the network has to guess. Which time do you pass on with the state?"
    ),
    "path runs backwards": (
        "The weights of data and noise have changed places in your states: they are data at time 0 and "
        "noise at time 1. Which of the two weights grows with time, and do the mix and the network get the "
        "same time?"
    ),
    "one-sided in time": (
        "You take the change from one moment to the next. It belongs to the middle between the two, so your "
        "error falls only in proportion to the time step. Which moment lies on the other side of the one "
        "you want?"
    ),
    # steps and loops
    "no h": (
        "Your steps go equally far, however short they should be. A field is a speed, so the distance "
        "covered in one step depends on how long the step lasts. Look at every place where a state moves: "
        "where does the step size come in?"
    ),
    "backwards": (
        "Your states move against the arrows of the field. Look at the sign of the step wherever a state "
        "moves, and check in which direction your clock runs."
    ),
    "field backwards": (
        "The clock runs from 0 to 1 as it should, but your states move against the arrows of the field. "
        "Look at the sign of the step."
    ),
    "only the increment": (
        "You return how far the states move, not where they arrive. A step hands back the next state: where "
        "does the move start from?"
    ),
    "velocity instead of state": (
        "You return how fast the states move, not where they are. What is wanted is the place at the "
        "given time: at time 0 it is the starting point. How does your result behave there?"
    ),
    "rate left out": (
        "Your result does not depend on `theta`. It is a rate: at twice the rate, the pull at the same "
        "place is twice as strong. Where does it belong in your formula?"
    ),
    "equal steps assumed": (
        "You treat all gaps between the times as equally long. They need not be: each gap has a length of "
        "its own. Where in your code do you read it off the list of times?"
    ),
    "one step only": (
        "You take a single step where many are wanted. The field changes meanwhile, and with it the states, "
        "so one long jump or one short start does not get there. Where does each step begin, and how often "
        "does the step have to be repeated?"
    ),
    "one step too many": (
        "You go one step too far. Take a case with two steps and count by hand: how often does "
        "your loop turn, or how many entries does your slice hold? In Python an index of -1 is no error, it "
        "picks the last entry."
    ),
    "one step too few": (
        "You stop one step short of where you should arrive. Points numbered from 0 to n have n steps "
        "between them. Count by hand for a small n: how far does your loop, your slice or your index get?"
    ),
    "one step short": (
        "Your loop makes one step fewer than it should. Count its turns by hand for a short run: where does "
        "it start, and does the end that you give to `range` still belong to it?"
    ),
    "grid one short": (
        "Your walk ends one step too early, so the last state of the list is missing. Between n times there "
        "are n - 1 steps and, with the start, n states. How often does your loop run?"
    ),
    "start left out": (
        "You return one state too few: the one at the first time is missing. Before any step is made, the "
        "walk is already somewhere; that state belongs in the result too. When do you begin to collect?"
    ),
    "only the last state": (
        "You return only where the walk ends, but all states in between are wanted too, with the one at the "
        "start included. Where in your loop could you keep each state as it comes by?"
    ),
    "state not carried on": (
        "Every one of your steps begins at the states you were given. The second step has to begin where "
        "the first one ended: does your loop keep the state that a step returns?"
    ),
    "return inside the loop": (
        "Your function makes a single step and comes back with two states. A `return` inside a loop ends "
        "everything in the first round: how far is your last line indented?"
    ),
    "time on the wrong axis": (
        "All your states are there, but the axes are swapped: time should come first, then the batch. Along "
        "which axis do you put the states together?"
    ),
    "order swapped": (
        "Your two results are right but come in the other order. Read again which of them comes "
        "first, and compare with your line with `return`."
    ),
    # noise: how it is drawn
    "rand for randn": (
        "Your noise is uniform between 0 and 1: it is never negative, and too narrow. What is wanted is "
        "standard normal noise. Two functions of torch have names that differ by one letter."
    ),
    "one noise for the whole batch": (
        "All rows of your batch share one draw of noise, so it shifts all of them alike and never spreads "
        "the cloud. Each row needs a draw of its own: look at the shape in which you draw."
    ),
    "one noise for all coordinates": (
        "Within each of your rows all coordinates get the same noise, so it lies along a diagonal line. "
        "Each coordinate needs a draw of its own: look at the shape in which you draw."
    ),
    "one noise for all": (
        "You draw a single number, and it pushes every coordinate of every state alike, so the cloud moves "
        "as a whole and never spreads. Each of them needs a draw of its own: look at the shape in which you "
        "draw."
    ),
    "two draws of noise": (
        "The noise in your target is not the noise in your state: it is drawn a second time. No network "
        "could guess it from the state. How many draws do you make, and in which two places is the same one "
        "needed?"
    ),
    "same noise in every step": (
        "Your noise is the same in every step, so each state is pushed in one direction over and over. "
        "Fresh noise knows nothing of what came before. Is it drawn once before the loop, or do you set a "
        "seed inside your function?"
    ),
    "the same draw each time": (
        "Every call of your function makes the very same random draws, and the network would learn them by "
        "heart. Is a seed set inside your function?"
    ),
    "noise multiplied twice": (
        "Your noise is a product of two random numbers. Its variance is right, and after many steps no plot "
        "would show anything, but single draws are mostly tiny and sometimes huge. How many normal numbers "
        "does each coordinate need?"
    ),
    "no noise at the start": (
        "All your samples start at zero, so chance has no part in where they end, and no two of the same "
        "kind differ. What should samples of a flow model start from?"
    ),
    "no noise": (
        "Your answer uses no noise at all, so less is left to chance than should be. Here some fresh noise "
        "is wanted: where, or when, should it come in, and how strong should it be?"
    ),
    # noise: how strong it is
    "h for sqrt(h)": (
        "Your noise shrinks as fast as the time step, so on a fine grid there is hardly any left. Random "
        "kicks cancel in part, and it is their *variances* that add up to the time. How large is a single "
        "kick then?"
    ),
    "sigma squared": (
        "The strength of the noise is squared in your answer, so what multiplies the noise is a variance. A "
        "standard normal number is multiplied by a standard deviation; the square appears by itself when "
        "one computes the variance."
    ),
    "sigma left out": (
        "Your result does not depend on the strength of the noise, so it can fit one strength only. "
        "Stronger noise means larger kicks, and a stronger pull to keep them in balance. Which argument "
        "have you not used?"
    ),
    "noise proportional to the state": (
        "Your noise grows with the state itself: it is stronger far out, and at zero there is none. Here "
        "the place of a state has no say in how strongly it is kicked. What has?"
    ),
    "variance instead of standard deviation": (
        "Your second result is the variance. What is wanted is the standard deviation, in the unit of the "
        "states, so that one can multiply noise by it. What turns the one into the other?"
    ),
    "beta squared for the spread": (
        "The noise in your state is multiplied by the square of its weight, which is the variance. Noise is "
        "multiplied by a standard deviation. How does a factor in front of a random number change its "
        "variance?"
    ),
    "noise not scaled": (
        "Your noise enters with full strength at every moment: nothing scales it. How strong it should be "
        "depends on where on the path the state is. Which number multiplies the noise?"
    ),
    "data not scaled": (
        "The data point enters your result whole at every moment. At the noisy end of the path nothing of "
        "it should be left. Which number multiplies the data?"
    ),
    # drift and Langevin dynamics
    "noise inside the drift": (
        "Your drift is random. It should say only where a state is pulled at a given place, which is the "
        "same every time. All chance comes from the solver, which adds the noise by itself."
    ),
    "sigma for sigma squared": (
        "You use sigma as if it were a variance. It is the strength of the noise, a standard deviation, and "
        "it is variances that add up with time. When sigma doubles, what happens to a variance, and to "
        "whatever has to balance it?"
    ),
    "half of sigma, squared": (
        "Your bracket covers the two as well, so it is squared along with sigma, and your term has only "
        "half the size it should have. What exactly is to be squared?"
    ),
    "sigma squared, without the half": (
        "Your term with sigma squared is twice as large as it should be. Brownian motion has the variance "
        "t, and its density solves the heat equation: look at the Laplacian's factor in the Fokker–Planck "
        "equation."
    ),
    "missing half": (
        "Your pull is twice what the noise can balance, so the samples crowd round the peaks, as if the "
        "target's density had been squared. For which factor does an Ornstein–Uhlenbeck process settle into "
        "a given Gaussian?"
    ),
    "away from the peaks": (
        "Your drift points downhill, away from where the target is dense, so the samples would flee from "
        "it. In which direction does the score point?"
    ),
    "divided by sigma": (
        "Your pull gets weaker where the noise gets stronger. To keep the same distribution, the two have "
        "to stay in balance: if one grows, what must the other do?"
    ),
    "mean score of the batch": (
        "All states of your batch get the same pull, the mean over them. Each state is pulled by the score "
        "at its own place. Where do you average?"
    ),
    # schedulers: asking for the weights
    "straight line assumed": (
        "Your answer is right for the straight line, but it does not ask the scheduler it is given. The "
        "check hands over another one. Whatever you need to know about the path has to come from there: "
        "where does your code use it?"
    ),
    "straight line only": (
        "On the straight line your field is right, with other schedulers it is not. The check hands over "
        "another one. Where does the scheduler enter your function, and which of its four numbers does a "
        "velocity need?"
    ),
    "straight line": (
        "Your weights are those of the straight line. Between its two ends different ones are "
        "wanted. What does the task say about the weights there?"
    ),
    "scheduler not used": (
        "You mix data and noise by the time itself, as on the straight line, whatever scheduler you are "
        "given. The check has another one than the lab's: which argument of your function is it, and where "
        "do you use it?"
    ),
    "cosine assumed": (
        "Your answer fits the cosine scheduler, whatever scheduler you are given. The check hands over "
        "another one than the lab's. Which argument of your function is it, and where do you use it?"
    ),
    "slopes for weights": (
        "You mix data and noise by the derivatives of the weights. That gives a velocity; a state is mixed "
        "by the weights themselves. In which order does a scheduler return its four numbers?"
    ),
    "third taken for the second": (
        "You use the third number of the scheduler, the derivative of the data's weight, as if it were the "
        "weight of the noise. Look up the order in which a scheduler returns its four numbers."
    ),
    "alpha and beta swapped": (
        "The weights of data and noise have changed places in your function. In this course noise is at "
        "time 0 and data at time 1. Which of the two weights grows with time, and in which order do you "
        "take or return them?"
    ),
    "way for velocity": (
        "You use the way that is left to the data point, not the velocity. A state that is to arrive on "
        "time has to move faster the less time is left. How does that time come in, and how does the "
        "scheduler?"
    ),
    "towards the noise": (
        "Your field is right but for its sign: it leads from the data back to the noise. In this course "
        "time 1 is data. Which of the two ends should a state move to?"
    ),
    # densities, and weights of data points
    "alpha left out": (
        "Your clouds sit on the data points themselves at every time. Early on they are not there yet: "
        "where is the centre of the cloud that belongs to one data point, and which number moves it?"
    ),
    "alpha forgotten": (
        "You take the data point itself for the centre of its cloud. On the way the cloud is not there yet: "
        "which of the scheduler's four numbers moves its centre, and in how many places do you need it?"
    ),
    "beta for beta squared": (
        "You use the noise's weight as if it were a variance. In this course it is a standard deviation: "
        "what is the variance then? Count its factors wherever it stands in your formula."
    ),
    "beta to the fourth": (
        "You square the noise's weight once too often. It is a standard deviation already: what is the "
        "variance of the cloud, and how many times does that stand in your formula?"
    ),
    "beta squared multiplied": (
        "You multiply by the variance where you should divide. The narrower a cloud is, the faster its "
        "density falls: what has to happen to your result as the width gets small? Look at your brackets "
        "too."
    ),
    "beta multiplied": (
        "You multiply by `beta`, so your score gets smaller as the cloud gets narrower. A narrow cloud has "
        "a steep density: what has to happen to the score as `beta` gets small?"
    ),
    "one over beta": (
        "Your score is `beta` times too small. The exponent of a normal density holds the squared distance "
        "and the *variance*: what is left of the two when you take the derivative?"
    ),
    "distance not squared": (
        "Your exponent grows with the distance from the centre, not with its square. Look at the function "
        "that measures the distance: does it take a root at the end? `torch.cdist` does."
    ),
    "sign of the exponent": (
        "Your density grows with the distance from the centre, so the farthest points count most. It has to "
        "fall: which sign has the exponent of a Gaussian?"
    ),
    "no half in the exponent": (
        "Your exponent is twice as large as it should be, as if the cloud were narrower. Look once more at "
        "the exponent of a Gaussian: by what is the squared distance divided, besides the variance?"
    ),
    "mean over the coordinates": (
        "You average over the coordinates. Independent coordinates multiply their densities, so in the "
        "exponent each of them counts in full. What should replace the mean?"
    ),
    "density, not its logarithm": (
        "You return the density itself. What is wanted is its logarithm: densities of images are too large "
        "or too small for any float, their logarithms are not. At which point do you leave the logarithm?"
    ),
    "nearest point only": (
        "You use the most likely data point alone. The others could lie behind a state as well, above all "
        "early in time or where clouds overlap. How much should each of them count?"
    ),
    "exp before the sum": (
        "Your answer is right as long as the densities are not too small. Where all of them are smaller "
        "than any float, you divide zero by zero. Which function of torch goes from logarithms to shares in "
        "one step?"
    ),
    "one shift for the whole batch": (
        "You shift all logarithms by the largest of the whole batch. That saves the row it comes from; a "
        "state far out may still lose all of its weights. Along which axis should you look for the largest?"
    ),
    "weights not normalised": (
        "Your weights do not add up to one: the data points count by their bare densities. An average needs "
        "shares. What do you have to divide by, and which function of torch does it for you?"
    ),
    "mean for sum": (
        "You take a mean, so your result is too small by the number of terms. What is wanted is "
        "built from the terms themselves: is there anything left to divide by?"
    ),
    "square of the sum": (
        "You add up the differences first and square afterwards, so differences of unlike sign cancel. What "
        "should be counted is the size of each one. In which order do the two come?"
    ),
    # score, velocity and their conversion
    "sign of the score": (
        "The score has the wrong sign in your answer; its size is right. A score points uphill, to where "
        "the density is larger, and the noise in a state points the opposite way. Where did a minus get "
        "lost or slip in?"
    ),
    "velocity for score": (
        "What you return is the velocity of chapter 04: the way in which the path moves. A score needs no "
        "derivative of the scheduler, only the form of the density at this one time."
    ),
    "log-density, not its slope": (
        "You return log-densities. The score is their slope: the gradient of the log-density by the state, "
        "with as many coordinates as the state, and zero at the centre of a single cloud."
    ),
    "coefficients swapped": (
        "The two weights have changed places: the one of the score multiplies the state, and the other way "
        "round. Which of the two belongs to the state? Look at the order of your arguments as well."
    ),
    "state left out": (
        "Only the score enters your velocity, not the state. Where the score is zero the cloud still moves "
        "and grows as the signal gets stronger. Which part of the velocity is missing?"
    ),
    # targets of a loss
    "z minus x_t": (
        "Your target is the way that is left from the state to the data point. That is the velocity times "
        "the time that is left, so near the end it shrinks to nothing. How fast does the state move on its "
        "line?"
    ),
    "eps minus z": (
        "Your target has the wrong sign: it points from the data to the noise. In this course time 1 is "
        "data, and the state moves towards it; papers with the other clock have the other sign."
    ),
    "regression on z": (
        "Your target is the data point itself. That trains a network that guesses the data point; a "
        "velocity is wanted. How fast does the state move on its line?"
    ),
    "regression on the noise": (
        "Your target is the noise. That trains a network that guesses the noise, as in chapter 05; a "
        "velocity is wanted. How fast does the state move on its line?"
    ),
    "data for target": (
        "Your target is the data point. A network can predict it, and chapter 08 will do so; here "
        "something else is wanted. Read again what this network should answer with."
    ),
    "velocity for target": (
        "Your target is the velocity of chapter 04. Here the question is about the noise in the state "
        "alone; the derivatives of the scheduler do not enter. Read again what the network should answer "
        "with."
    ),
    "target of the straight line": (
        "Your target is the velocity of the straight line, carried over from exercise 4.4. Something else "
        "is wanted here: it is made of the noise alone, whatever the path is. What should the network "
        "answer with?"
    ),
    "score for target": (
        "Your target is the score, which grows very large where there is little noise. Here the noise "
        "itself is wanted, as it was drawn, and that is never large. What do you divide by?"
    ),
    "sign of the noise": (
        "Your network would answer with minus the noise, which is a multiple of the score. The noise itself "
        "is wanted: what was multiplied by its weight and added to the state?"
    ),
    "state minus data": (
        "Your target is the difference between the state and the data point. The data point enters the "
        "state with a weight, and so does the noise, so this difference is not the noise. What was drawn?"
    ),
    # what the network is shown
    "clean data shown": (
        "You show the data point itself to the network. There is no noise in it to be found, and when you "
        "sample later, the network has never seen a noisy state. What will it be shown then?"
    ),
    "pure noise shown": (
        "You show the noise itself to the network, so it would learn to copy its input. What it will meet "
        "when sampling is a state of the path. What is that made of?"
    ),
    "z into the network": (
        "Your network is shown the data point in place of the state on the path. When samples are made "
        "there is no data point to show: what is there at time t?"
    ),
    "no gradient": (
        "The value of your loss is right, but no gradient leads from it back to the network, so nothing "
        "would be learnt. Look for `.item()`, `.detach()`, `torch.no_grad` or `float(...)`."
    ),
    # reduction: from errors to one number
    "not squared": (
        "You average the size of the errors, not their square. Absolute errors are minimised by medians; "
        "what the network should learn is a *mean* over all that could lie behind a state."
    ),
    "errors not squared": (
        "You average the errors themselves, with their signs. The smallest value of that is minus infinity, "
        "and nothing is learnt. What has to be done to each error before the mean?"
    ),
    "length for its square": (
        "You average the lengths of the differences, not their squares. The marginal field has the smallest "
        "mean *square*; the smallest mean length belongs to a median. Does the function that measures the "
        "lengths take a root?"
    ),
    "length, not its square": (
        "You average the length of the error; the square is missing. Lengths are minimised by something "
        "other than the mean that you want. Does your norm take a root?"
    ),
    "root at the end": (
        "You take a root at the end. The loss has none: the mean of roots over many batches is not the root "
        "of the mean. Which operation comes last in your function?"
    ),
    "norm after the mean": (
        "You average the differences over the batch first and square afterwards, so differences of opposite "
        "sign cancel. In which order do the mean and the square have to come?"
    ),
    "square after the mean": (
        "You average first and square afterwards, so errors of opposite sign cancel: a network that is "
        "wrong everywhere can cost nothing. In which order do the two have to come?"
    ),
    "square after the mean over the batch": (
        "You average over the batch first and square afterwards, so errors of different rows cancel: a "
        "network that is wrong everywhere can cost nothing. What has to happen to each error before any "
        "mean is taken?"
    ),
    "coordinates summed before the square": (
        "You sum the coordinates of an error before you square, so a positive and a negative one cancel. "
        "What has to happen to each coordinate before they are put together?"
    ),
    "weighted by beta squared": (
        "Your squared errors are weighted by `beta` squared, so some times count more than others. Such a "
        "weight turns the loss on the score into the loss on the noise, and it has no place here: every "
        "time should count alike."
    ),
    "weighted by beta": (
        "Your squared errors are weighted by `beta`, so noisy times count more than others. Here every time "
        "should count alike. Which factor stands between the square and the mean?"
    ),
    "weighted by one over beta squared": (
        "You divide the squared errors by `beta` squared, so a few late rows with little noise dominate the "
        "loss. Here every time should count alike. Which factor stands between the square and the mean?"
    ),
    # labels and guidance
    "null label equal to a real class": (
        "Where no label is meant, you use one that belongs to a real class. Then this class has to stand "
        "for images of all kinds, and nothing stands for no label at all. Which label means that none is "
        "given?"
    ),
    "one coin for the whole batch": (
        "You drop or keep whole batches: one coin decides for all labels at once. Every label needs a coin "
        "of its own: how many random numbers do you draw?"
    ),
    "dropped with 1 - rate": (
        "You keep labels with probability `rate` and drop the others, so for small rates nearly all labels "
        "are lost. It should be the other way round: look at your comparison."
    ),
    "1 + w": (
        "You guide by one whole unit too much: at `w` = 0 you get the class as it was learnt, as in the "
        "paper of Ho and Salimans. In this course 0 ignores the label. What should come out at 0, and what "
        "at 1?"
    ),
    "w and 1 - w swapped": (
        "The weights of the two branches have changed places: at `w` = 0 you follow the label, and at `w` = "
        "1 you ignore it. Which of the two branches should be left over at 0, and which at 1?"
    ),
    "guidance left out": (
        "You return the conditional answer whatever `w` is, so the network sees the labels alone. "
        "That is right for `w` = 1 only: where does the other branch come in?"
    ),
    "label left out": (
        "You return the unconditional answer whatever `w` is, so the label has no influence. That is right "
        "for `w` = 0 only. Which label goes into each of the two calls of the network?"
    ),
    # chains: indices, shares of variance and tables
    "one index for the whole batch": (
        "You use one and the same index for all rows of the batch. Each row has an index of its own, and "
        "the weights have to differ from row to row. Where do you pick or draw a single one instead of a "
        "whole column?"
    ),
    "alpha for alpha-bar": (
        "You count as if only the last step had been made, right after the data point. The state at index k "
        "has gone through k steps. Which of the paper's two letters has a bar, and what does the bar stand "
        "for?"
    ),
    "both roots missing": (
        "Both of your weights are shares of variance, so they add up to one. States are mixed by standard "
        "deviations: it is the *squares* of the two weights that have the sum one."
    ),
    "weights that add up to one": (
        "Your two weights add up to one, as on the straight line. In this chain it is the variances that "
        "do. What does that say about the squares of the weights?"
    ),
    "root missing on the data": (
        "You multiply the data point by the share of the *variance* that is left, so it fades too fast. A "
        "state is multiplied by a standard deviation: what turns the one into the other?"
    ),
    "root missing on the noise": (
        "You use a variance as the weight of the noise. In the state the noise is multiplied by a standard "
        "deviation: what turns the one into the other?"
    ),
    "root taken twice": (
        "Your weight of the data is right. In that of the noise you take the root of the share before it is "
        "subtracted from one, and again afterwards. How many roots does a standard deviation need?"
    ),
    "data and noise swapped": (
        "Your two weights have changed places: your state gets cleaner as k grows. At k = 0 the state *is* "
        "the data point. Which of the two weights should be one there?"
    ),
    "table read one place off": (
        "You read the table one place too early for the index k. It begins with the index 0, the data, "
        "where the share is 1. At which place does the share of index k stand then?"
    ),
    "network told our time": (
        "You tell the network our time, from 0 for noise to 1 for data. This network was trained in the "
        "paper's language. By what does the paper number the states, and in which direction?"
    ),
    "network told the other direction": (
        "You tell the network K - k, while the state you show it lies at k. In this lab, as in the paper, "
        "the index counts from the data. What should the network be told about its state?"
    ),
    "network told the index before": (
        "You tell the network the index k - 1. It is shown the state `x`, the one before the step is "
        "made. At which index does that lie?"
    ),
    "data not divided by the root of alpha-bar": (
        "For your guess at the data point you take the noise out of the state, but what is left is the data "
        "point *times its weight* at index k. What has to happen to that weight?"
    ),
    "guess cut off": (
        "You cut your guess at the data off at -1 and 1. That suits images with such pixels. These data may "
        "lie elsewhere, and the formula of the paper knows no bounds."
    ),
}


def recurring(rules: Mapping[str, Function]) -> dict[str, Mistake]:
    """Known mistakes whose words stand in the catalogue: name -> (wrong rule, what to tell).

    Raises KeyError if a name is not in the catalogue.
    """
    return {name: (rule, TEXTS[name]) for name, rule in rules.items()}


def alike(words: str, rules: Mapping[str, Function]) -> dict[str, Mistake]:
    """Known mistakes of one kind, which share what to tell: often the hint of the fact that shows them."""
    return {name: (rule, f"{words} The slip that fits your numbers: {name}.") for name, rule in rules.items()}


def one_time_for_all(right: Function, place: int) -> dict[str, Mistake]:
    """The wrong rules that go by one time where every row has its own: by the first, and by the mean.

    Args:
        right: the right answer.
        place: number of its argument `t` (batch, 1), from 0.
    """

    def at(choose: Callable[[Tensor], Tensor]) -> Function:
        def mistake(*given: Any) -> Tensor:
            t = given[place]
            return right(*given[:place], choose(t).expand_as(t), *given[place + 1 :])

        return mistake

    return recurring(
        {
            "one time for the whole batch": at(lambda t: t[:1]),
            "mean time for the whole batch": at(lambda t: t.mean()),
        }
    )


# left to the exercises: under these names the exercises' texts describe different faults
# - absolute values: 2.6, 3.4, 4.4 and 6.3 lack a square, 4.7 loses a sign that is asked for
# - axes swapped: 1.6 swaps the axes of a plot, and so inverts a slope; 4.2 and 6.4 transpose a tensor
