/**
 * Keeps the resources of one fabric (captures today) with their time to live, and tells the Topology object
 * what changed. Written first, told afterwards, so that a crash between the two loses nothing.
 */
import { DurableObject } from 'cloudflare:workers';

export class Registry extends DurableObject {}
