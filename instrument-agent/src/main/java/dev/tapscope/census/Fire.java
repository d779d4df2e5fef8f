package dev.tapscope.census;

import java.util.Optional;

/**
 * One value that passed a place.
 *
 * @param order its turn among all values of the run
 * @param numbers what the operands of {@link Seen#operands()} held
 * @param objects identities of {@link Place#objects()}
 * @param count how many ids there are; 0 for a tensor
 * @param id the first of them
 * @param look at the tensor; empty for ids, for null, and where enough had been seen
 */
record Fire(long order, int[] numbers, int[] objects, int count, int id, Optional<Look> look) {}
