"""Chapter 08, what the network predicts: answers as students write them."""
