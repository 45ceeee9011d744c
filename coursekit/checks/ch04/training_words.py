"""What to tell a student whose training loop of exercise 4.5 fails a fact."""

LOOK = {
    "loss computed once": (
        "The loss was asked for once, not once in every step. It belongs inside the loop: the weights "
        "have changed since, and a new batch needs a new loss."
    ),
    "steps miscounted": (
        "Your loop asks for the loss more often, or less often, than there are steps. One step is one "
        "batch, one loss, one update. How often does your loop run?"
    ),
    "trains a copy": (
        "The loss is computed with another network than the one that was handed over, so that one learns "
        "nothing. Train `net` itself: no copy, and no new network inside the function."
    ),
    "whole data set in each step": (
        "Every step uses the whole data set, or most of it. A small random part is enough for a step, and "
        "lets you take many more of them in the same time."
    ),
    "same batch each time": (
        "Every step uses the same data points, so the network learns these by heart and never sees the "
        "others. Where is the batch drawn: before the loop, or inside it?"
    ),
    "not the data": (
        "Some rows of your batches are no data points. A batch is made of rows of `data`, as they are; "
        "noise is drawn by the loss."
    ),
    "no backward": (
        "The weights never change, and no gradient was computed. A loss is a number with a history; which "
        "call sends it backwards through that history?"
    ),
    "no optimiser step": (
        "Gradients were computed, but the weights never change. Which call of the optimiser uses the "
        "gradients? If you update by hand: the network's own weights have to be changed, in place."
    ),
    "weights stand still": (
        "In some of the steps the weights do not change. Every step should end with an update."
    ),
    "gradients add up": (
        "The gradient in your weights is that of this step and all steps before it: torch adds each new "
        "gradient to what is already there. What has to be done once in every step?"
    ),
    "optimiser made anew": (
        "All weights move by the same length in every step, as in the very first step of a fresh "
        "optimiser. It has a memory, so make it once, before the loop."
    ),
    "uphill": (
        "The loss grows from step to step: your updates follow the gradient uphill. Look for a sign, in "
        "the loss or in the update."
    ),
    "not trained": (
        "After all steps the network is still far from the best it could be. Does every step follow its "
        "own batch's gradient, with the learning rate `lr` that was handed over?"
    ),
    "losses not those of the steps": (
        "The losses that you return are not those of the steps, in their order. Keep the number of each "
        "step in a list."
    ),
    "lr not used": (
        "With a learning rate of one millionth the weights still move a lot. Is `lr` handed on to the "
        "optimiser?"
    ),
    "only a part of the data": (
        "Many rows of `data` never come into a batch, however long you train. From which range do you draw "
        "the row numbers? It should be as long as the data."
    ),
    "batch of another size": (
        "Your batches have another number of rows than the 256 that are asked for. Smaller ones make each "
        "gradient noisier, larger ones each step slower."
    ),
    "rows in order": (
        "Your batches are stretches of `data`, one after the other. Data are often sorted, and then a "
        "stretch is no picture of the whole: draw the rows at random."
    ),
    "several updates in a step": (
        "The optimiser makes more than one update for each loss. The gradient belongs to the weights at "
        "which it was computed: after one update a new batch and a new gradient are due."
    ),
    "update before the gradient": (
        "The first step leaves the weights as they are, and each later one uses the gradient of the step "
        "before. Your update comes before its gradient is computed: in which order are the calls?"
    ),
    "gradients cleared too early": (
        "Gradients are computed and the optimiser makes its step, but the weights never change: in between "
        "the gradients are cleared. Where in the loop does `zero_grad` stand?"
    ),
    "new tensors for the weights": (
        "Gradients are computed, but the weights of `net` never change. Do you give a new tensor the name of "
        "a weight? The network keeps its old one: an update has to change the weight in place."
    ),
    "one number for all losses": (
        "You return one number made of all losses, such as their mean or their sum. The losses themselves "
        "are asked for, one for each step: put them side by side in one tensor."
    ),
}
