"""What the demo compares, as data: a model that joins adds one entry."""

from tfclust.callbacks import AnnealTemperature, RebalanceEntropyWeights
from tfclust.demo.contender import Contender

HOW_CHOSEN = (
    "Settings of CM and AE-CM were chosen without labels. Of alpha 10, 20, 40 and, for AE-CM, beta "
    "0.3, 1, 3, "
    "these have the lowest sum of L_sp and squared reconstruction error per image, averaged over "
    "seeds 0 to 2, and leave no cluster empty. (L_sp alone falls with beta, whatever that does to "
    "the reconstruction.) By the same sum, layers of 200, 200 and 500 units were preferred to 64, "
    "64 and 128. Lambda is the paper's, the batch size the one of its Table 13 for pendigits, the "
    "set most like this one; the epochs are what a short wait allows. MIXAE's settings are first "
    "guesses and not the end of a search; its cross-entropy was taken over the squared error after "
    "the scores of a trial of each had been seen. DAMIC's are a first guess too, less a layer and "
    "a third of its epochs, which made the wait longer; no other was tried. Of the Gumbel-Softmax "
    "model's weights of the Gaussian term 1, 1.25, 1.5, 2 and 5, with the paper's 100 epochs of "
    "annealing cut to a third like its training, 2 leaves the most information between image and "
    "cluster."
)

CONTENDERS = (
    Contender(
        name="CM",
        model="CM",
        idea="A Gaussian mixture written as an autoencoder with one hidden layer, on the pixels.",
        settings={"alpha": 10.0, "batch_size": 100},
        epochs=150,
    ),
    Contender(
        name="AE-CM",
        model="AECM",
        idea="CM on the code of a deep autoencoder, both trained together, with orthonormal "
        "centroids; from the paper's pre-trained start.",
        settings={
            "embedding_dim": 10,
            "hidden_units": (200, 200, 500),
            "alpha": 10.0,
            "beta": 1.0,
            "lbd": 1.0,
            "batch_size": 100,
        },
        epochs=150,
        pretraining={"epochs": 50, "clustering_epochs": 50},
    ),
    Contender(
        name="MIXAE",
        model="MIXAE",
        idea="An autoencoder for each cluster, and a softmax network on their joined codes that "
        "says which of them a point belongs to.",
        settings={
            "hidden_units": (64, 32),
            "reconstruction_loss": "cross_entropy",
            "batch_size": 100,
        },
        epochs=80,
        averages=False,
        callbacks=lambda: [RebalanceEntropyWeights()],
        criterion="reconstruction",
    ),
    Contender(
        name="DAMIC",
        model="DAMIC",
        idea="An autoencoder for each cluster, and a gate that directs each point to one of them; "
        "started from k-means on the code of a single autoencoder.",
        settings={"hidden_units": (128,), "gate_units": (64, 64), "batch_size": 100},
        epochs=20,
        pretraining={"epochs": 20},
        averages=False,
        criterion="mixture_nll",
    ),
    Contender(
        name="Gumbel",
        model="GumbelSoftmaxVAE",
        idea="A variational autoencoder with two latent variables: a category, which becomes the "
        "cluster, and a Gaussian code for the style. It draws new digits of any cluster.",
        settings={
            "hidden_units": (128, 64),
            "feature_dim": 50,
            "latent_dim": 20,
            "gaussian_weight": 2.0,
            "batch_size": 100,
        },
        epochs=100,
        averages=False,
        callbacks=lambda: [AnnealTemperature(epochs=33)],
        criterion="reconstruction",
    ),
)
