"""The terms of the papers' objectives, as pure functions of tensors.

All are computed in float32, and in float64 where a tensor is, whatever the precision of the
networks. Tensors may carry leading axes beyond those named, such as one for several models trained
side by side; the sums run over the named axes and a term keeps the leading ones.
"""

import math

import numpy as np
import tensorflow as tf

# Of either sign: products of two ratios of such variances, in gradients, are finite in float32.
LOG_VARIANCE_BOUND = 15.0
_EULER = 0.5772156649015329
_LOG_OFFSET = 1e-10  # inside the logarithm of the Dirichlet prior, as in the AE-CM authors' code
_SMALLEST = 1.2e-38  # a normal float32; the logarithm of a smaller membership is bounded by its own


def squared_error(x, reconstruction):
    """Squared error summed over the batch, `sum_i ||x_i - xbar_i||^2`.

    The first term of Eqs. 7 and 10 of Boubekki et al. (2021).

    Args:
        x: `(batch, d)`.
        reconstruction: `(batch, d)`.

    Returns:
        A scalar.

    Example: `squared_error([[1.0, 2.0]], [[0.0, 0.0]])` is 5.
    """
    x, reconstruction = _real(x, reconstruction)
    return tf.reduce_sum(tf.math.squared_difference(x, reconstruction), axis=(-2, -1))


def mixture_error(x, memberships, centroids, products):
    """Squared error of mixed centroids, `sum_i ||x_i - sum_k gamma_ik mu_k||^2`.

    The first term of Eq. 7 of Boubekki et al. (2021), whose reconstruction is
    `xbar_i = sum_k gamma_ik mu_k`, expanded to `||x_i||^2 - 2 x_i^T xbar_i + ||xbar_i||^2`: with
    the products known, no reconstruction of the size of the batch is made, here or in the gradient.

    Args:
        x: `(batch, d)`.
        memberships: `(batch, K)`, gamma; rows sum to 1.
        centroids: `(K, d)`, mu.
        products: `(batch, K)`, `x_i^T mu_k`.

    Returns:
        A scalar.

    Known limits: a difference of sums of the size of `||x||^2`, it loses the digits by which the
    error is smaller than that. Centroids seldom come so close to the data.
    """
    x, memberships, centroids, products = _real(x, memberships, centroids, products)
    gram = tf.matmul(centroids, centroids, transpose_b=True)
    mixed = tf.matmul(memberships, gram) - 2.0 * products
    own = tf.reduce_sum(tf.square(x), axis=(-2, -1))
    return own + tf.reduce_sum(memberships * mixed, axis=(-2, -1))


def sparsity(memberships, squared_norms=None):
    """Weighted Gini impurity, `sum_i sum_k gamma_ik (1 - gamma_ik) ||mu_k||^2`.

    E2 of Eq. 7 of Boubekki et al. (2021); without `squared_norms` the norms are 1, the sparsity
    of Eq. 10.

    Args:
        memberships: `(batch, K)`, gamma.
        squared_norms: `(K,)`, the squared norms of the centroids.

    Returns:
        A scalar.
    """
    memberships = _real(memberships)
    impurity = memberships * (1.0 - memberships)
    if squared_norms is not None:
        impurity, squared_norms = _real(impurity, squared_norms)
        impurity *= squared_norms[..., tf.newaxis, :]
    return tf.reduce_sum(impurity, axis=(-2, -1))


def cross(memberships, centroids):
    """Merging term with its sign in the loss, `-sum_i sum_{k != l} gamma_ik gamma_il mu_k^T mu_l`.

    Minus E3 of Eq. 7 of Boubekki et al. (2021). The sum runs over pairs of different clusters:
    printed over all pairs, it contradicts the derivation and Eqs. 5 and 9, and the authors' code
    leaves the diagonal out too.

    Args:
        memberships: `(batch, K)`, gamma.
        centroids: `(K, d)`, mu.

    Returns:
        A scalar.
    """
    memberships, centroids = _real(memberships, centroids)
    gram = tf.matmul(centroids, centroids, transpose_b=True)
    gram = tf.linalg.set_diag(gram, tf.zeros_like(tf.linalg.diag_part(gram)))
    return -tf.reduce_sum(tf.matmul(memberships, gram) * memberships, axis=(-2, -1))


def dirichlet_prior(mean_memberships, alpha):
    """Balance of the clusters, `sum_k (1 - alpha_k) log(mean_i gamma_ik)`.

    E4 of Eqs. 7 and 10 of Boubekki et al. (2021). The entries of `mean_memberships` are sorted,
    and so must those of `alpha` be: an asymmetric prior names sizes, not particular clusters
    (appendix 2). 1e-10 is added inside the logarithm, as in the authors' code.

    Args:
        mean_memberships: `(K,)`, memberships averaged over the batch.
        alpha: concentration, a scalar or `(K,)` in ascending order.

    Returns:
        A scalar, once per batch whatever its size.
    """
    mean_memberships = _real(mean_memberships)
    alpha = _like(mean_memberships, alpha)
    if alpha.shape.rank:
        mean_memberships = tf.sort(mean_memberships, axis=-1)
    return tf.reduce_sum((1.0 - alpha) * tf.math.log(mean_memberships + _LOG_OFFSET), axis=-1)


def orthonormality(centroids):
    """Distance of the centroids from an orthonormal set, `||mu mu^T - I_K||_1`.

    The last term of Eq. 10 of Boubekki et al. (2021) before its factor lambda: the sum of the
    absolute entries. The paper prints `mu^T mu`, which is not K x K for K x p centroids.

    Args:
        centroids: `(K, p)`, mu.

    Returns:
        A scalar, once per batch whatever its size.
    """
    centroids = _real(centroids)
    gram = tf.matmul(centroids, centroids, transpose_b=True)
    identity = tf.eye(gram.shape[-1], dtype=gram.dtype)
    return tf.reduce_sum(tf.abs(gram - identity), axis=(-2, -1))


def weighted_error(memberships, errors):
    """Errors of K reconstructions, weighted by membership: `sum_i sum_k p_ik L(x_i, x_ik)`.

    Eq. 2 of Zhang et al. (2017), summed over the batch.

    Args:
        memberships: `(batch, K)`, p; rows sum to 1.
        errors: `(K, batch)`, the error of autoencoder k on sample i.

    Returns:
        A scalar.
    """
    memberships, errors = _real(memberships, errors)
    return tf.reduce_sum(memberships * tf.linalg.matrix_transpose(errors), axis=(-2, -1))


def sample_entropy(logits):
    """Entropy of every sample's memberships, summed, `-sum_i sum_k p_ik log p_ik`, in nats.

    Eq. 3 of Zhang et al. (2017), from the logits of p: no membership is too small for it.

    Args:
        logits: `(batch, K)`; p is their softmax.

    Returns:
        A scalar.
    """
    log_p = tf.nn.log_softmax(_real(logits))
    return -tf.reduce_sum(tf.exp(log_p) * log_p, axis=(-2, -1))


def entropies(memberships):
    """Entropies `-sum_k p_k log p_k` of rows that sum to 1, `(..., K)` -> `(...)`, in nats."""
    memberships = _real(memberships)
    return -tf.reduce_sum(memberships * _bounded_log(memberships), axis=-1)


def batch_entropy(mean_memberships):
    """Entropy of the mean membership, `-sum_k pbar_k log pbar_k`, in nats.

    Eq. 4 of Zhang et al. (2017); its sample index on pbar is read as a slip: there is one pbar.

    Args:
        mean_memberships: `(K,)`, pbar, memberships averaged over the batch.

    Returns:
        A scalar, once per batch whatever its size.
    """
    return entropies(mean_memberships)


def batch_cross_entropy(mean_memberships, proportions):
    """Cross-entropy of known cluster proportions and the mean membership, in nats.

    `-sum_k q_k log pbar_k`, smallest where pbar = q: the regularization that the conclusion of
    Zhang et al. (2017) proposes for unbalanced data.

    Args:
        mean_memberships: `(K,)`, pbar, memberships averaged over the batch.
        proportions: `(K,)`, q; they sum to 1.

    Returns:
        A scalar, once per batch whatever its size.
    """
    mean_memberships = _real(mean_memberships)
    proportions = _like(mean_memberships, proportions)
    return -tf.reduce_sum(proportions * _bounded_log(mean_memberships), axis=-1)


def squared_errors(x, reconstructions):
    """Squared error of every sample, `||x_i - x_ik||^2`, summed over a sample's values.

    Args:
        x: `(batch, d)`.
        reconstructions: `(..., batch, d)`, such as those of K autoencoders.

    Returns:
        `(..., batch)`.
    """
    return tf.reduce_sum(tf.math.squared_difference(*_real(x, reconstructions)), axis=-1)


def mixture_nll(logits, distances):
    """Negative log-likelihood of a mixture, `-sum_t log sum_i p_ti exp(-d_ti)`.

    Eq. 3 of Chazan et al. (2018), as a log-sum-exp of log-softmax and distances: finite for
    distances of any size. Its gradients are their Eqs. 4 and 5.

    Args:
        logits: `(batch, K)`; p is their softmax (Eq. 1).
        distances: `(K, batch)`, the error of autoencoder i on sample t.

    Returns:
        A scalar.
    """
    logits, distances = _real(logits, distances)
    joint = tf.nn.log_softmax(logits) - tf.linalg.matrix_transpose(distances)
    return -tf.reduce_sum(tf.reduce_logsumexp(joint, axis=-1), axis=-1)


def responsibilities(logits, distances):
    """Soft assignment of samples to autoencoders, `w_ti = p_ti exp(-d_ti) / sum_j ...`.

    Eq. 5 of Chazan et al. (2018).

    Args:
        logits: `(batch, K)`; p is their softmax.
        distances: `(K, batch)`.

    Returns:
        `(batch, K)`; rows sum to 1.
    """
    logits, distances = _real(logits, distances)
    return tf.nn.softmax(logits - tf.linalg.matrix_transpose(distances))


def smallest_error(distances):
    """Error of the most suitable autoencoder, `sum_t min_i d_ti`.

    Eq. 7 of Chazan et al. (2018). With constant autoencoders and half the squared error it is half
    the inertia of k-means.

    Args:
        distances: `(K, batch)`.

    Returns:
        A scalar.
    """
    return tf.reduce_sum(tf.reduce_min(_real(distances), axis=-2), axis=-1)


def binary_cross_entropies(x, logits):
    """Binary cross-entropy of every sample, summed over a sample's values, in nats.

    `-sum_j (x_ij log s_ikj + (1 - x_ij) log(1 - s_ikj))`, s the sigmoid of the logits.

    Args:
        x: `(batch, d)`, values in [0, 1].
        logits: `(..., batch, d)`.

    Returns:
        `(..., batch)`.
    """
    x, logits = _real(x, logits)
    return tf.reduce_sum(tf.nn.softplus(logits) - x * logits, axis=-1)


RECONSTRUCTION_ERRORS = {
    "squared_error": squared_errors,
    "cross_entropy": binary_cross_entropies,
}


def gaussian_divergences(mean, log_variance):
    """Kullback-Leibler divergence of every sample's code from a standard normal, in nats.

    `1/2 sum_j (mean_j^2 + exp(log_variance_j) - 1 - log_variance_j)`.

    Args:
        mean, log_variance: `(..., p)`.

    Returns:
        `(...)`.

    Reference: Kingma and Welling, Auto-encoding variational Bayes, 2014, appendix B.
    """
    mean, log_variance = _real(mean, log_variance)
    terms = tf.square(mean) + tf.exp(log_variance) - 1.0 - log_variance
    return 0.5 * tf.reduce_sum(terms, axis=-1)


def bounded_log_variance(log_variance):
    """Logarithms of variances brought to `LOG_VARIANCE_BOUND`, and minus it, where they are beyond.

    The gradient is that at the bound, so that what is beyond comes back.

    Args:
        log_variance: `(...)`.

    Returns:
        `(...)`.

    Example: `bounded_log_variance([-1e9, 2.0])` is `[-15, 2]`.
    """
    log_variance = _real(log_variance)
    bounded = tf.clip_by_value(log_variance, -LOG_VARIANCE_BOUND, LOG_VARIANCE_BOUND)
    return tf.stop_gradient(bounded) + (log_variance - tf.stop_gradient(log_variance))


def gaussian_log_densities(codes, means, log_variances):
    """Logarithms of the densities of diagonal Gaussians, `log N(z_i; mu_k, diag sigma_k^2)`.

    Args:
        codes: `(batch, p)`, z.
        means, log_variances: mu and log sigma^2, `(K, p)`, or `(batch, K, p)` where each code has
            components of its own.

    Returns:
        `(batch, K)`.
    """
    codes, means, log_variances = _real(codes, means, log_variances)
    log_variances = bounded_log_variance(log_variances)
    distances = tf.math.squared_difference(codes[..., tf.newaxis, :], means)
    terms = math.log(2.0 * math.pi) + log_variances + distances * tf.exp(-log_variances)
    return -0.5 * tf.reduce_sum(terms, axis=-1)


def component_divergences(mean, log_variance, means, log_variances):
    """Kullback-Leibler divergences of every code's Gaussian from diagonal Gaussians, in nats.

    `KL(N(m_i, diag s_i^2) || N(mu_k, diag sigma_k^2)) =
    1/2 sum_j (log sigma_kj^2 - log s_ij^2 + (s_ij^2 + (m_ij - mu_kj)^2) / sigma_kj^2 - 1)`.

    Args:
        mean, log_variance: of the codes, m and log s^2, `(batch, p)`.
        means, log_variances: mu and log sigma^2, `(K, p)`, or `(batch, K, p)` where each code has
            components of its own.

    Returns:
        `(batch, K)`.

    Example: `component_divergences([[1.0]], [[0.0]], [[0.0]], [[0.0]])` is `[[0.5]]`.
    """
    mean, log_variance, means, log_variances = _real(mean, log_variance, means, log_variances)
    mean, log_variance = mean[..., tf.newaxis, :], log_variance[..., tf.newaxis, :]
    log_variances = bounded_log_variance(log_variances)
    log_ratio = bounded_log_variance(log_variance) - log_variances
    distances = tf.math.squared_difference(mean, means) * tf.exp(-log_variances)
    return 0.5 * tf.reduce_sum(tf.exp(log_ratio) - log_ratio - 1.0 + distances, axis=-1)


def categorical_divergences(logits, prior_logits=None):
    """Kullback-Leibler divergence of every sample's memberships from their prior, in nats.

    `sum_k q_k log(q_k / p_k)`, q the softmax of the logits. Without a prior it is uniform, and the
    divergence `log K - Entr(q)`.

    The second term of Eq. 7 of Arias Figueroa and Ramirez Rivera (2017), whose uniform prior of the
    categories is read as Cat(1/K), in closed form on the probabilities and not on a relaxed draw.

    Args:
        logits: `(..., K)`.
        prior_logits: `(K,)`, p is their softmax; None for a uniform prior.

    Returns:
        `(...)`.

    Example: `categorical_divergences([[0.0, 0.0]])` is `[0]`.
    """
    log_q = tf.nn.log_softmax(_real(logits))
    if prior_logits is None:
        categories = tf.cast(tf.shape(log_q)[-1], log_q.dtype)
        return tf.reduce_sum(tf.exp(log_q) * log_q, axis=-1) + tf.math.log(categories)
    log_p = tf.nn.log_softmax(_like(log_q, prior_logits))
    return tf.reduce_sum(tf.exp(log_q) * (log_q - log_p), axis=-1)


def squared_distances(codes, centroids):
    """Squared distances of codes to centroids, `||z_i - mu_k||^2`.

    Differences are squared, not expanded to products, which lose the digits of small distances.

    Args:
        codes: `(batch, p)`, z.
        centroids: `(K, p)`, mu.

    Returns:
        `(batch, K)`.
    """
    codes, centroids = _real(codes, centroids)
    differences = tf.math.squared_difference(codes[..., tf.newaxis, :], centroids)
    return tf.reduce_sum(differences, axis=-1)


def distance_memberships(distances, alpha):
    """Memberships by a softmax of distances, `softmax_k(-alpha d_ik)`.

    The smallest distance of a row is taken off before the product with alpha, so that what decides,
    the differences, keep their digits where distances are in the thousands and alpha is, too.

    Args:
        distances: `(batch, K)`, d.
        alpha: a scalar of at least 0, the inverse temperature.

    Returns:
        `(batch, K)`; rows sum to 1.

    Reference: Moradi Fard, Thonet, Gaussier, Deep k-means, 2020, and its authors' code.
    """
    distances = _real(distances)
    beyond = distances - tf.reduce_min(distances, axis=-1, keepdims=True)
    return tf.nn.softmax(-_like(distances, alpha) * beyond)


def student_log_memberships(codes, centroids):
    """Logarithms of soft assignments by a Student's t, `log q_ij`.

    `q_ij = (1 + ||z_i - mu_j||^2)^-1 / sum_j' (1 + ||z_i - mu_j'||^2)^-1`, Eq. 1 of Xie, Girshick,
    Farhadi (2016) with their alpha of 1. No root is taken, whose gradient at 0 is not finite.

    Args:
        codes: `(batch, p)`, z.
        centroids: `(K, p)`, mu.

    Returns:
        `(batch, K)`.
    """
    return tf.nn.log_softmax(-tf.math.log1p(squared_distances(codes, centroids)))


def target_distribution(memberships, shares):
    """Sharpened memberships, `p_ij = (q_ij^2 / f_j) / sum_j' (q_ij'^2 / f_j')`.

    Eq. 3 of Xie, Girshick, Farhadi (2016). Their `f_j = sum_i q_ij` runs over all rows of the data;
    only the ratios of the f_j matter, so the mean over the rows does as well.

    Args:
        memberships: `(batch, K)`, q; rows sum to 1.
        shares: `(K,)`, the means of q over all rows.

    Returns:
        `(batch, K)`; rows sum to 1.
    """
    memberships, shares = _real(memberships, shares)
    weights = memberships * tf.math.divide_no_nan(memberships, shares)
    return weights / tf.reduce_sum(weights, axis=-1, keepdims=True)


def target_divergence(targets, log_memberships):
    """Kullback-Leibler divergence of memberships from their targets, in nats.

    `KL(P || Q) = sum_i sum_j p_ij log(p_ij / q_ij)`, Eq. 2 of Xie, Girshick, Farhadi (2016).

    Args:
        targets: `(batch, K)`, p; rows sum to 1. No gradient flows into them.
        log_memberships: `(batch, K)`, log q.

    Returns:
        A scalar.
    """
    targets, log_memberships = _real(tf.stop_gradient(targets), log_memberships)
    terms = tf.math.xlogy(targets, targets) - targets * log_memberships
    return tf.reduce_sum(terms, axis=(-2, -1))


def kumaraswamy_mean(a, b):
    """Mean of a Kumaraswamy variable, `E v = b B(1 + 1/a, b)`, elementwise.

    Its density is `a b v^(a-1) (1 - v^a)^(b-1)` on (0, 1).

    Args:
        a, b: positive, of one shape.

    Reference: Kumaraswamy, A generalized probability density function for double-bounded random
    processes, 1980.
    """
    a, b = _real(a, b)
    log_mean = tf.math.log(b) + _log_beta(1.0 + 1.0 / a, b)
    return tf.exp(tf.minimum(log_mean, 0.0))


def kumaraswamy_logs(uniform, a, b):
    """Logarithms of a Kumaraswamy draw and of what it leaves, `log v` and `log(1 - v)`.

    `v = (1 - u^(1/b))^(1/a)` with u uniform, of which neither 0 nor 1 is rounded to.

    Args:
        uniform: u, in (0, 1).
        a, b: positive, of its shape.
    """
    uniform, a, b = _real(uniform, a, b)
    return _stick_logs(-tf.math.log(uniform) / b, a)


def kumaraswamy_beta_divergences(a, b, alpha, beta):
    """Kullback-Leibler divergence of Kumaraswamy variables from Beta ones, in nats, elementwise.

    `KL(Kumaraswamy(a, b) || Beta(alpha, beta)) = (a - alpha) / a (-gamma - psi(b) - 1/b) + log(a b)
    + log B(alpha, beta) - (b - 1) / b - (beta - 1) E log(1 - v)`, gamma Euler's constant.

    Nalisnick and Smyth (2017) sum eleven terms of a series for the last expectation, which falls
    short by some percent. Here it is `-1/b + E g(s)` with `s = -log(1 - v^a)`, an exponential of
    rate b, and `g(s) = log(1 - v) + s`, between 0 and -log a, whose mean the trapezoidal rule on
    log s gives to the digits of float32.

    Args:
        a, b: positive, of one shape.
        alpha, beta: positive, of that shape or one that broadcasts.

    Reference: Nalisnick and Smyth, Stick-breaking variational autoencoders, 2017, Eq. 9.
    """
    a, b = _real(a, b)
    alpha, beta = _like(a, alpha), _like(a, beta)
    log_v = -(_EULER + tf.math.digamma(b) + 1.0 / b) / a
    nodes, weights = (_like(a, values) for values in _exponential_rule())
    s = nodes / b[..., tf.newaxis]
    _, log_rest = _stick_logs(s, a[..., tf.newaxis])
    log_rest = tf.reduce_sum(weights * (log_rest + s), axis=-1) - 1.0 / b
    density = tf.math.log(a * b) + (a - 1.0) * log_v - (b - 1.0) / b
    prior = (alpha - 1.0) * log_v + (beta - 1.0) * log_rest - _log_beta(alpha, beta)
    return density - prior


def _exponential_rule():
    """Nodes and weights of the mean of a function of a standard exponential, on log s."""
    logs = np.arange(-18.0, 4.26, 0.25)
    weights = np.exp(logs - np.exp(logs))
    return np.exp(logs), weights / weights.sum()


def _stick_logs(s, a):
    """`log v` and `log(1 - v)` of `v = (1 - exp(-s))^(1/a)`."""
    log_v = _log_of_rest(tf.minimum(s, 60.0)) / a
    # Beyond 30, 1 - v is exp(-s) / a to every digit, and may be too small for a number.
    return log_v, tf.where(s > 30.0, -s - tf.math.log(a), _log_of_rest(-log_v))


def _log_beta(a, b):
    return tf.math.lgamma(a) + tf.math.lgamma(b) - tf.math.lgamma(a + b)


def _log_of_rest(x):
    """`log(1 - exp(-x))` of positive x, with all digits."""
    middle = _like(x, math.log(2.0))
    of_small = tf.math.log(-tf.math.expm1(-tf.minimum(x, middle)))
    return tf.where(x < middle, of_small, tf.math.log1p(-tf.exp(-tf.maximum(x, middle))))


def _bounded_log(p):
    return tf.math.log(tf.maximum(p, _SMALLEST))


def _real(*values):
    """The values in float32, or in float64 where one of them is; of one, the tensor itself."""
    tensors = [tf.convert_to_tensor(value) for value in values]
    whole = any(tensor.dtype == tf.float64 for tensor in tensors)
    tensors = [tf.cast(tensor, tf.float64 if whole else tf.float32) for tensor in tensors]
    return tensors if len(tensors) > 1 else tensors[0]


def _like(tensor, constant):
    """A constant, such as a setting, in the precision of `tensor`."""
    return tf.cast(tf.convert_to_tensor(constant, dtype_hint=tensor.dtype), tensor.dtype)
