package dev.tapscope.step;

/** An SAE in training that shows what is inside a step, without taking it. For tests. */
interface Examined extends SaeInTraining {
  Activations activations(Batch batch);

  /** The gradients of the loss with that coefficient of the sparsity term. */
  Gradients gradients(Batch batch, double sparsity);
}
