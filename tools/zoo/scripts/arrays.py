"""Arrays and what surrounds them: numpy, scipy, xarray, astropy, shapely, PIL, networkx."""

import functools

import numpy as np


def numbers_of_every_kind():
    kinds = "int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 longdouble complex64 complex128".split()
    yield [np.ones(3, kind) for kind in kinds]
    yield [np.dtype(kind).type(1) for kind in kinds]
    yield [np.dtype(kind) for kind in kinds]
    yield [
        np.bool_(True),
        np.array([True, False]),
        np.str_("a"),
        np.bytes_(b"a"),
        np.array(["a", "bc"]),
        np.array([b"a"]),
    ]
    yield [getattr(np, kind) for kind in kinds]


def moments():
    yield np.array(["2020-01-01", "NaT"], "datetime64[D]")
    yield np.datetime64("2020-01-01T00:00:00.5")
    yield np.timedelta64(3, "h")
    yield np.arange("2020-01", "2020-06", dtype="datetime64[M]")
    yield np.array([1, 2], "timedelta64[ns]")


def records():
    kind = np.dtype([("name", "U10"), ("age", "i4"), ("pos", "f8", (3,))])
    yield np.zeros(3, kind)
    yield kind
    yield np.zeros(2, kind)[0]
    yield np.rec.array([(1, "a"), (2, "b")], dtype=[("x", int), ("y", "U1")])
    yield np.rec.array([(1, "a")], dtype=[("x", int), ("y", "U1")])[0]
    yield np.dtype({"names": ["a", "b"], "formats": ["i1", "f8"], "offsets": [0, 8]})
    yield np.dtype([("a", "i4")], align=True)


def odd_layouts():
    a = np.arange(24.0).reshape(2, 3, 4)
    yield [np.asfortranarray(a), a[:, ::2], a.T, a[..., None], np.array(5), np.empty((0, 3)), a.astype(">f4")]
    yield np.array([[1, "a"], [None, {"b": 2}]], dtype=object)
    yield np.array([np.ones(2), np.ones(3)], dtype=object)
    yield np.broadcast_to(np.ones(3), (2, 3))


def masked():
    yield np.ma.masked_array([1.0, 2.0], [True, False], fill_value=-1)
    yield np.ma.masked
    yield np.ma.masked_invalid([1.0, np.nan])
    yield np.ma.array([(1, 2.0)], mask=[(0, 1)], dtype=[("a", int), ("b", float)])


def matrices():
    yield np.matrix([[1, 2], [3, 4]])
    yield np.poly1d([1, 2, 3])
    yield np.polynomial.Polynomial([1, 2, 3])
    yield np.polynomial.Chebyshev([1, 2])
    yield np.char.array(["a", "b"])


def mapped(folder):
    m = np.memmap(folder / "map.dat", dtype="f4", mode="w+", shape=(4,))
    yield m
    yield m[1:3]


def randomness():
    yield np.random.default_rng(3)
    yield np.random.RandomState(3)
    yield np.random.RandomState(3).get_state()
    yield [np.random.PCG64(1), np.random.MT19937(1), np.random.Philox(1), np.random.SFC64(1), np.random.PCG64DXSM(2)]
    yield np.random.SeedSequence(5)
    yield np.random.SeedSequence(5).spawn(2)
    yield np.random.mtrand._rand
    yield np.random.get_state()
    yield np.random.PCG64(1).state


def functions():
    yield [np.mean, np.std, np.log1p, np.exp, np.sqrt, np.argmax, np.median, np.percentile, np.linalg.norm, np.sum]
    yield functools.partial(np.quantile, q=0.9)
    yield functools.partial(np.clip, a_min=0, a_max=1)
    yield np.vectorize(np.sqrt)
    yield {"agg": np.nanmean, "type": np.float32, "random": np.random.normal, "newaxis": np.newaxis, "nan": np.nan}
    yield [np.add, np.maximum, np.add.reduce, np.ndarray.mean, np.cumsum]
    yield np.finfo(np.float32)
    yield np.iinfo("i4")
    yield np.errstate(all="ignore")


def strings_of_numpy_2():
    yield np.array(["a", "long enough to leave the inline buffer of the type"], dtype=np.dtypes.StringDType())
    yield np.dtypes.StringDType(na_object=np.nan)


def npz(folder):
    np.savez(folder / "a.npz", x=np.ones(3), y=np.array(["a"]))
    np.savez_compressed(folder / "b.npz", x=np.ones(3), o=np.array([{"a": 1}, None], dtype=object))
    np.save(folder / "c.npy", np.array([1, "a"], dtype=object))
    np.save(folder / "d.npy", {"loss": [1.0], "epoch": 3})
    np.save(folder / "e.npy", np.zeros(3, [("a", "i4"), ("b", "f4", (2,))]))
    return ()


def scipy_sparse():
    import scipy.sparse as sp

    eye = sp.random(6, 6, 0.5, random_state=0)
    for form in "csr csc coo dok lil dia bsr".split():
        yield eye.asformat(form)
        yield getattr(sp, form + "_array")(eye)
    sp_file = sp.eye(3).tocsr()
    yield sp.hstack([sp_file, sp_file])


def scipy_sparse_files(folder):
    import scipy.sparse as sp

    sp.save_npz(folder / "m.npz", sp.random(5, 5, 0.4, random_state=0).tocsr())
    return ()


def scipy_statistics():
    from scipy import stats

    x = np.random.default_rng(0).normal(size=50)
    yield stats.norm(1, 2)
    yield stats.gamma(2.0)
    yield stats.multivariate_normal([0, 0])
    yield stats.gaussian_kde(x)
    yield stats.ttest_1samp(x, 0)
    yield stats.linregress(x, x**2)
    yield stats.pearsonr(x, x**2)
    yield stats.describe(x)
    yield stats.bootstrap((x,), np.mean, n_resamples=20, rng=1).confidence_interval
    yield stats.ecdf(x)
    yield stats.norm
    yield stats.rv_histogram(np.histogram(x, 5))
    yield {"lr": stats.loguniform(1e-4, 1), "depth": stats.randint(1, 9), "p": stats.uniform(0, 1)}
    yield stats.mannwhitneyu(x, x + 1)
    yield stats.ks_2samp(x, x + 1)
    yield stats.f_oneway(x, x + 1)
    yield stats.qmc.Sobol(2, rng=1)


def scipy_interpolation():
    from scipy import interpolate

    x = np.linspace(0, 5, 12)
    yield interpolate.interp1d(x, np.sin(x), kind="cubic")
    yield interpolate.CubicSpline(x, np.sin(x))
    yield interpolate.UnivariateSpline(x, np.sin(x))
    yield interpolate.RegularGridInterpolator((x, x), np.outer(x, x))
    yield interpolate.PchipInterpolator(x, np.sin(x))
    yield interpolate.make_interp_spline(x, np.sin(x))
    yield interpolate.RBFInterpolator(np.c_[x, x], np.sin(x))
    yield interpolate.LinearNDInterpolator(np.array([[0, 0], [1, 0], [0, 1.0]]), [1.0, 2, 3])
    yield interpolate.Akima1DInterpolator(x, np.sin(x))


def scipy_results():
    from scipy import cluster, fft, integrate, linalg, optimize, signal, spatial

    yield optimize.minimize(square, [1.0, 2.0])
    yield optimize.curve_fit(line, np.arange(5.0), np.arange(5.0) * 2)[0]
    yield optimize.linprog([1, 2], A_ub=[[1, 1]], b_ub=[3])
    yield optimize.root_scalar(square_less, bracket=[0, 3])
    yield optimize.differential_evolution(square, [(-1, 1)], maxiter=2, rng=1)
    yield optimize.Bounds([0], [1])
    yield integrate.solve_ivp(decay, (0, 1), [1.0])
    yield spatial.cKDTree(np.random.default_rng(0).random((20, 2)))
    yield spatial.KDTree(np.random.default_rng(0).random((20, 2)))
    yield spatial.transform.Rotation.from_euler("z", 90, degrees=True)
    yield cluster.hierarchy.linkage(np.random.default_rng(0).random((6, 2)))
    yield cluster.hierarchy.to_tree(cluster.hierarchy.linkage(np.random.default_rng(0).random((6, 2))))
    yield signal.butter(3, 0.2)
    yield signal.TransferFunction([1], [1, 2])
    yield signal.lti([1.0], [1.0, 2.0])
    yield signal.ShortTimeFFT(signal.windows.hann(8), 4, fs=1)
    yield [linalg.svd, fft.fft, spatial.distance.cosine, spatial.distance.euclidean]


def square(x):
    return float(np.sum(np.asarray(x) ** 2))


def square_less(x):
    return x * x - 2


def line(x, a):
    return a * x


def decay(t, y):
    return -y


def xarrays():
    import pandas as pd
    import xarray as xr

    times = pd.date_range("2020", periods=4)
    data = xr.DataArray(np.random.rand(4, 3), dims=("time", "x"), coords={"time": times, "x": list("abc")}, name="t")
    yield data
    yield xr.Dataset({"t": data, "p": ("x", [1, 2, 3])}, attrs={"source": "model"})
    yield data.groupby("time.month").mean()
    yield xr.Variable(("x",), [1, 2])
    yield data.to_dataset().stack(z=("time", "x"))
    yield data.isel(time=slice(0, 2)).assign_coords(y=("time", [1, 2]))


def skies():
    import astropy.units as u
    from astropy.coordinates import EarthLocation, SkyCoord
    from astropy.modeling import models
    from astropy.table import QTable, Table
    from astropy.time import Time

    yield 3 * u.m / u.s
    yield np.arange(3) * u.km
    yield u.Unit("erg / (s cm2)")
    yield Time("2020-01-01")
    yield Time([2451545.0, 2451546.0], format="jd") - Time("2020-01-01")
    yield SkyCoord(10 * u.deg, 20 * u.deg, frame="icrs")
    yield EarthLocation(1 * u.m, 2 * u.m, 3 * u.m)
    yield Table({"a": [1, 2], "b": ["x", "y"]})
    yield QTable({"v": [1, 2] * u.m})
    yield models.Gaussian1D(1, 2, 3)
    yield models.Polynomial1D(2) + models.Const1D(1)
    from astropy import constants, cosmology

    yield constants.c
    yield cosmology.FlatLambdaCDM(70, 0.3)
    yield cosmology.Planck18


def shapes():
    import shapely
    from shapely import geometry

    yield geometry.Point(1, 2)
    yield geometry.Polygon([(0, 0), (1, 0), (1, 1)], holes=[])
    yield geometry.MultiPoint([(0, 0), (1, 1)])
    yield geometry.LineString([(0, 0), (1, 1)]).buffer(1)
    yield np.array([geometry.Point(1, 2), geometry.box(0, 0, 1, 1)])
    yield shapely.STRtree([geometry.Point(0, 0)])
    yield geometry.GeometryCollection([geometry.Point(1, 1)])
    yield shapely.prepared.prep(geometry.Point(1, 1)).context


def maps():
    import geopandas
    import pyproj
    from shapely import geometry

    frame = geopandas.GeoDataFrame(
        {"name": ["a", "b"]}, geometry=[geometry.Point(0, 0), geometry.Point(1, 1)], crs=4326
    )
    yield frame
    yield frame.geometry
    yield pyproj.CRS(3857)
    yield frame.to_crs(3857)


def pictures():
    from PIL import Image, ImageFilter

    yield Image.new("RGB", (8, 8), "red")
    yield Image.new("L", (4, 4))
    yield Image.new("P", (4, 4))
    yield Image.new("RGBA", (4, 4)).convert("1")
    yield [Image.Resampling.BICUBIC, ImageFilter.GaussianBlur(2), Image.BILINEAR]


def graphs():
    import networkx as nx

    yield nx.karate_club_graph()
    yield nx.DiGraph([(1, 2), (2, 3)])
    yield nx.MultiGraph([(1, 2), (1, 2)])
    yield nx.MultiDiGraph([("a", "b", {"weight": 2})])
    yield nx.path_graph(4).subgraph([1, 2]).copy()
    yield nx.path_graph(4).subgraph([1, 2])
    yield nx.PlanarEmbedding()
    yield dict(nx.all_pairs_shortest_path_length(nx.path_graph(3)))
    yield nx.path_graph(4).degree()
    yield nx.path_graph(4).nodes
    yield nx.path_graph(4).edges
    yield nx.spring_layout(nx.path_graph(4), seed=1)
    yield nx.pagerank


def lazy_arrays():
    import dask.array as da

    yield da.ones((4, 4), chunks=2)
    yield da.from_array(np.arange(8), chunks=4).sum()
    yield da.random.default_rng(1).random((4,), chunks=2)
    yield (da.ones(4, chunks=2) + 1).T


def compiled():
    import numba

    yield numba.typed.List([1, 2])
    yield numba.typed.Dict.empty(numba.int64, numba.float64)
    yield numba.int64
    yield numba.float64[:]
    yield numba.types.Tuple((numba.int32, numba.boolean))


def jaxes():
    import jax
    import jax.numpy as jnp

    yield jnp.ones((2, 3))
    yield {"params": {"dense": {"kernel": jnp.ones((2, 2)), "bias": jnp.zeros(2, jnp.bfloat16)}}, "step": 3}
    yield jax.random.PRNGKey(0)
    yield jax.tree_util.tree_structure({"a": 1})


def flaxes():
    import flax.core
    import jax.numpy as jnp
    import optax

    params = {"dense": {"kernel": jnp.ones((2, 2))}}
    yield flax.core.freeze(params)
    yield optax.adam(1e-3).init(params)
    yield optax.sgd(0.1, momentum=0.9).init(params)
    yield optax.chain(optax.clip(1.0), optax.adamw(1e-3)).init(params)


def extra_floats():
    import ml_dtypes

    yield np.ones(3, ml_dtypes.bfloat16)
    yield np.dtype(ml_dtypes.float8_e4m3fn)
