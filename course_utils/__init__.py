"""Classic convolutional networks and ResNets: what the course's notebooks import."""
