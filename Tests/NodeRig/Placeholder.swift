enum Placeholder_NodeRig {}
