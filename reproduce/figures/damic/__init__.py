"""Figures of "Deep clustering based on a mixture of autoencoders"."""

# Figure 1 is left out: a diagram. Figure 3 is not the paper's: it shows the space that Sect. 2 says
# "can be used to visualize the clustering", and that the paper shows nowhere.
FIGURES = {2: "all_ones", 3: "gate_space"}
