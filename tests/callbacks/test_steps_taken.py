import keras
import numpy as np

from tfclust.callbacks.steps_taken import StepsTaken


def test_steps_are_counted_at_the_beginning_of_each_epoch():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", loss="mse")
    steps_taken, seen = StepsTaken(), []
    record = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: seen.append(steps_taken.read())
    )
    assert steps_taken.read() == 0
    x = np.ones((6, 2))
    model.fit(x, x[:, :1], 2, epochs=2, verbose=0, callbacks=[steps_taken, record])
    assert seen == [0, 0, 0, 3, 3, 3]
