/**
 * One model of the screen, {@link dev.tapscope.view.TokenView}, and its three renderers: terminal,
 * page and JSON. Text from prompts and files is made safe where the model is built.
 */
package dev.tapscope.view;
