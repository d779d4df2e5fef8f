/** From a woven call to the run: call sites that pass through until something listens. */
package dev.tapscope.link;
