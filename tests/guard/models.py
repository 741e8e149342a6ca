"""Models of Keras on torch and on TensorFlow: `…_attack_…` make their marker unguarded, `…_plain_…` are good."""

from __future__ import annotations

import io
import json
import types
import zipfile

import keras_samples as made
import samples
from guard.running import main


def functional(layer):
    import keras

    inputs = keras.layers.Input((2,))
    return keras.Model(inputs, layer(inputs))


def lambda_model(marker):
    import keras

    return functional(keras.layers.Lambda(made.makes(marker), output_shape=(2,)))


def saved(model, path):
    """Saving builds the model, which calls the lambda already: what counts comes later."""
    model.save(path)
    return path


def without(marker):
    if marker.exists():
        marker.rmdir()


def load(path, **more):
    import keras

    return keras.saving.load_model(path, **{"safe_mode": False, **more})


def run(model):
    import numpy

    return model(numpy.ones((1, 2), "float32"))


def written(folder, config, name="m.keras", **more):
    path = folder / name
    path.write_bytes(made.archive(config, **more))
    return path


def lambda_config(marker):
    """A whole model as JSON, written by no Keras."""
    layer = made.lambda_layer(marker)
    layer["config"]["output_shape"] = [2]
    return made.sequential(layer)


def keras_attack_lambda(folder, marker):
    path = saved(lambda_model(marker), folder / "m.keras")
    without(marker)
    run(load(path))


def keras_attack_lambda_by_path(folder, marker):
    import keras

    path = saved(lambda_model(marker), folder / "m.keras")
    without(marker)
    run(keras.models.load_model(filepath=str(path), compile=False, safe_mode=False))


def keras_attack_lambda_of_a_file_object_at_its_end(folder, marker):
    """As a copy from elsewhere is loaded, but standing at its end: all of it is read."""
    from keras.src.saving import saving_lib

    path = saved(lambda_model(marker), folder / "m.keras")
    without(marker)
    with path.open("rb") as file:
        file.seek(0, io.SEEK_END)
        run(saving_lib._load_model_from_fileobj(file, None, False, False))


def keras_attack_lambda_in_hdf5(folder, marker):
    path = saved(lambda_model(marker), folder / "m.h5")
    without(marker)
    run(load(path))


def keras_attack_lambda_in_a_model(folder, marker):
    import keras

    path = saved(functional(keras.Sequential([lambda_model(marker)])), folder / "m.keras")
    without(marker)
    run(load(path))


def keras_attack_lambda_in_a_wrapper(folder, marker):
    import keras

    layer = keras.layers.TimeDistributed(keras.layers.Lambda(made.makes(marker), output_shape=(2,)))
    inputs = keras.layers.Input((3, 2))
    path = saved(keras.Model(inputs, layer(inputs)), folder / "m.keras")
    without(marker)
    import numpy

    load(path)(numpy.ones((1, 3, 2), "float32"))


def keras_attack_folder(folder, marker):
    path = saved(lambda_model(marker), folder / "m.keras")
    without(marker)
    target = folder / "unpacked"
    with zipfile.ZipFile(path) as archive:
        archive.extractall(target)
    run(load(target))


def keras_attack_open_file(folder, marker):
    from keras.src.saving import saving_lib

    path = saved(lambda_model(marker), folder / "m.keras")
    without(marker)
    with path.open("rb") as file:
        run(saving_lib.load_model(file, safe_mode=False))


def keras_attack_torch_module(folder, marker):
    load(written(folder, made.sequential(made.component("TorchModuleWrapper", {"module": made.torch_module(marker)}))))


def keras_attack_configuration_as_text(folder, marker):
    import keras
    from keras.src.saving.serialization_lib import SafeModeScope

    with SafeModeScope(False):
        run(keras.models.model_from_json(json.dumps(lambda_config(marker))))


def keras_attack_configuration_as_a_dictionary(folder, marker):
    import keras
    from keras.src.saving.serialization_lib import SafeModeScope

    config = lambda_config(marker)
    with SafeModeScope(False):
        run(keras.Sequential.from_config(config["config"]))


def keras_attack_swapped_while_loading(folder, marker):
    """The archive that is opened is another one than was scanned."""
    from keras.src.saving import saving_lib

    good = saved(functional(__import__("keras").layers.Dense(2)), folder / "good.keras")
    evil = written(folder, lambda_config(marker), "evil.keras")
    real = saving_lib.zipfile
    saving_lib.zipfile = types.SimpleNamespace(ZipFile=lambda file, mode="r": zipfile.ZipFile(evil, mode))
    try:
        run(load(good))
    finally:
        saving_lib.zipfile = real


def keras_attack_weights_that_are_a_pickle(folder, marker):
    import numpy

    evil = samples.proto() + samples.payload(marker) + b"."
    path = written(folder, made.sequential(), **{"model.weights.npz": evil})
    with zipfile.ZipFile(path) as archive:
        numpy.load(io.BytesIO(archive.read("model.weights.npz")), allow_pickle=True)


def keras_plain_models(folder, marker):
    import keras
    import numpy

    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [keras.layers.Input((2,)), keras.layers.Dense(3, "relu"), keras.layers.BatchNormalization()]
    )
    model.compile("adam", keras.losses.MeanSquaredError())
    data = numpy.ones((4, 2), "float32")
    model.fit(data, numpy.ones((4, 3), "float32"), verbose=0)
    rows = []
    for name in ("m.keras", "m.h5"):
        saved(model, folder / name)
        rows += [load(folder / name), load(str(folder / name), safe_mode=True), load(folder / name, compile=False)]
    model.save_weights(folder / "m.weights.h5")
    other = keras.models.model_from_json(model.to_json())
    other.load_weights(folder / "m.weights.h5")
    rows += [other, keras.models.clone_model(model), keras.Sequential.from_config(model.get_config())]
    rows[-2].set_weights(model.get_weights())
    rows[-1].load_weights(folder / "m.weights.h5")
    want = model.predict(data, verbose=0)
    return [bool(numpy.allclose(row.predict(data, verbose=0), want, atol=1e-5)) for row in rows]


def keras_plain_custom_layer(folder, marker):
    import keras

    @keras.saving.register_keras_serializable("mine")
    class Twice(keras.layers.Layer):
        def call(self, inputs):
            return inputs * 2

    path = saved(functional(Twice()), folder / "m.keras")
    return float(run(load(path)).sum())


def keras_plain_mistakes(folder, marker):
    """What is wrong is said in Keras' own words."""
    (folder / "x.keras").write_bytes(b"no zip")
    rows = []
    for name in ("missing.keras", "x.keras", "x.txt"):
        try:
            load(folder / name)
        except Exception as error:
            rows.append(f"{type(error).__name__}: {str(error).replace(str(folder), 'FOLDER')[:60]}")
    return rows


def keras_plain_approved_lambda(folder, marker):
    """Approved by its hash; what Keras itself makes of it is as the user set it."""
    import hashlib

    import modelscan

    path = saved(lambda_model(marker), folder / "m.keras")
    rows = []
    with modelscan.allow(sha256=hashlib.sha256(path.read_bytes()).hexdigest(), reason="our own"):
        for safe_mode in (True, False):
            without(marker)
            try:
                run(load(path, safe_mode=safe_mode))
            except Exception as error:
                rows.append(type(error).__name__)
            rows.append(marker.exists())
    without(marker)
    return rows


def module(function):
    import tensorflow as tf

    made_module = tf.Module()
    made_module.f = tf.function(function, input_signature=[tf.TensorSpec([None, 2])])
    return made_module


def exported(folder, marker, function=None):
    """A SavedModel that writes its marker when it is called."""
    import tensorflow as tf

    def writes(x):
        tf.io.write_file(str(marker), "x")
        return {"y": x + 1}

    model = module(function or writes)
    tf.saved_model.save(model, str(folder / "saved"), signatures=model.f.get_concrete_function())
    return str(folder / "saved")


def tensor_attack_saved_model(folder, marker):
    import tensorflow as tf

    tf.saved_model.load(exported(folder, marker)).f(tf.ones((1, 2)))


def tensor_attack_saved_model_of_one(folder, marker):
    import tensorflow as tf

    path = exported(folder, marker)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        meta = tf.compat.v1.saved_model.load(session, ["serve"], path)
        output = next(iter(meta.signature_def["serving_default"].outputs.values())).name
        names = [one.name for one in meta.signature_def["serving_default"].inputs.values()]
        session.run(output, {name: [[1.0, 2.0]] for name in names})


def tensor_attack_layer(folder, marker):
    import keras
    import tensorflow as tf

    keras.layers.TFSMLayer(exported(folder, marker), call_endpoint="serving_default")(tf.ones((1, 2)))


def tensor_attack_layer_in_a_model(folder, marker):
    import keras
    import tensorflow as tf

    path = exported(folder, marker)
    layer = keras.layers.TFSMLayer(path, call_endpoint="serving_default")
    model = saved(functional(layer), folder / "m.keras")
    marker.unlink(missing_ok=True)
    load(model)(tf.ones((1, 2)))


def tensor_attack_hidden_graph(folder, marker):
    import tensorflow as tf

    data = tf.data.Dataset.range(1).map(lambda i: (tf.io.write_file(str(marker), "x"), i)[1])
    packed = tf.raw_ops.DatasetToGraphV2(
        input_dataset=data._variant_tensor, external_state_policy=1, strip_device_assignment=True
    ).numpy()

    def runs(x):
        found = tf.raw_ops.DatasetFromGraph(graph_def=tf.where(tf.reduce_sum(x) > -1e9, tf.constant(packed), ""))
        for one in tf.data.experimental.from_variant(found, tf.TensorSpec([], tf.int64)):
            x = x + tf.cast(one, tf.float32)
        return {"y": x}

    tf.saved_model.load(exported(folder, marker, runs)).f(tf.ones((1, 2)))


def tensor_attack_alias(folder, marker):
    import tensorflow as tf

    path = saved(lambda_model(marker), folder / "m.keras")
    if marker.exists():
        marker.rmdir()
    run(tf.keras.models.load_model(path, safe_mode=False))


def tensor_plain_saved_models(folder, marker):
    import keras
    import tensorflow as tf

    (folder / "vocabulary.txt").write_text("a 1\nb 2\n")
    table = tf.Module()
    initializer = tf.lookup.TextFileInitializer(
        str(folder / "vocabulary.txt"), tf.string, 0, tf.int64, 1, delimiter=" "
    )
    table.table = tf.lookup.StaticHashTable(initializer, -1)
    table.f = tf.function(table.table.lookup, input_signature=[tf.TensorSpec([], tf.string)])
    table.weight = tf.Variable([1.0, 2.0])
    tf.saved_model.save(table, str(folder / "table"))
    loaded = tf.saved_model.load(str(folder / "table"))
    rows = [int(loaded.f("b"))]
    path = exported(folder, marker, lambda x: {"y": x + 1})
    loaded = tf.saved_model.load(path)
    rows.append(loaded.f(tf.ones((1, 2)))["y"].numpy().tolist())
    rows.append(keras.layers.TFSMLayer(path, call_endpoint="serving_default")(tf.ones((1, 2)))["y"].numpy().tolist())
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        rows.append(sorted(tf.compat.v1.saved_model.load(session, ["serve"], path).signature_def))
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(3, kernel_initializer="ones")])
    model.export(folder / "exported", verbose=False)
    loaded = tf.saved_model.load(str(folder / "exported"))
    rows.append(loaded.serve(tf.ones((1, 2))).numpy().tolist())
    for name in ("m.keras", "m.h5"):
        model.save(folder / name)
        rows.append(tf.keras.models.load_model(folder / name)(tf.ones((1, 2))).numpy().tolist())
    lite = tf.lite.TFLiteConverter.from_keras_model(model).convert()
    (folder / "m.tflite").write_bytes(lite)
    rows.append(len(tf.lite.Interpreter(str(folder / "m.tflite")).get_input_details()))
    rows.append(len(tf.lite.Interpreter(model_content=lite).get_input_details()))
    return rows


main(globals())
