/**
 * The tap API: what a hook sees of a running model and how it attaches to it.
 *
 * <p>A {@link dev.tapscope.tap.Run} owns hooks; a {@link dev.tapscope.tap.Hook} is called with an
 * {@link dev.tapscope.tap.Activation}, a view of one value at one {@link dev.tapscope.tap.Address}
 * in one {@link dev.tapscope.tap.Pass} of the model. Read by borrowing, keep by copying, replace by
 * writing into the buffer. No type of this package mentions a third-party class: the agent jar
 * relocates its libraries.
 */
package dev.tapscope.tap;
