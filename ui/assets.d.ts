/** Styles are imported for their effect; esbuild puts them into a file of their own. */
declare module '*.css';
