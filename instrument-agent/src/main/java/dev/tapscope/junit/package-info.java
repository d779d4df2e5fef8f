/**
 * Regression tests over tapped models, for JUnit 5. The one package of the agent that names JUnit:
 * nothing else loads it.
 */
package dev.tapscope.junit;
