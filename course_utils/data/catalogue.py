"""The catalogue: which files make up a set, how they are recognised, and where they can be had."""

from dataclasses import dataclass

from course_utils.errors import CourseError


@dataclass(frozen=True, eq=False)
class File:
    """One file of a set, as its authors published it.

    arrays: {field of Dataset: key in the file}; also: names under which other copies are known; size in bytes;
    sha256 and blob (Git's SHA-1 of the content, "" where unknown): either of the two proves the file.
    """

    name: str
    arrays: dict
    size: int
    sha256: str
    blob: str
    address: str
    also: tuple = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class Archive(File):
    """A File that comes as a tar archive, and is a folder of this name afterwards, see course_utils.data.cifar_pickles.

    size, sha256 and address are those of the archive; members: {file in it: md5}. Other archives, folders of such files
    and npz files with the keys of `arrays` will do, with any number of pictures. The stand-in is such an npz.
    """

    members: dict


@dataclass(frozen=True, eq=False)
class Folder:
    """A set that is a folder of class folders with picture files, see course_utils.data.folder. Nobody publishes it.

    also: names under which other folders are known; any number of classes, and of pictures in them, will do.
    """

    name: str
    also: tuple = ()


@dataclass(frozen=True, eq=False)
class PictureSet:
    """A set of pictures: its files (or its one Folder), what they must hold, and the module that draws its stand-in.

    shape: of one picture; counts: {field of Dataset: number of pictures}; the stand-in may have other counts.
    """

    name: str
    files: tuple
    shape: tuple
    counts: dict
    class_names: tuple
    drawing: str
    drawn_by: str = "drawn by the course"


TRAIN = {"x_train": "train_set_x", "y_train": "train_set_y"}
TEST = {"x_test": "test_set_x", "y_test": "test_set_y"}


def _counts(train, test):
    return {"x_train": train, "y_train": train, "x_test": test, "y_test": test}


# A Git blob id belongs to the address beside it; the sha256 of the two training files has a second source.
_GITHUB = "https://raw.githubusercontent.com/"
_HAPPY = (
    f"{_GITHUB}gmortuza/Deep-Learning-Specialization/e93a5e7b59b740817cf0122c2ec366f70eef0fa3/"
    "4.%20Convolutional%20Neural%20Networks/week%204/Programming%20assignment/Face%20Recognition/datasets/"
)
_SIGNS = f"{_GITHUB}DrAlexSanz/CNN-in-TF/5f0da09b23d8920755c2d0087debebdfe3ce8bf0/"

SETS = {
    "happy": PictureSet(
        name="happy",
        files=(
            File(
                name="train_happy.h5",
                arrays=TRAIN,
                size=7_379_760,
                sha256="65cbc8a1b83b0b8fa76026f37ba6421a8a29f90a223c31799a1d808bc7d19566",
                blob="49b0f93b6a39dbf2b8a7c112a615a4ca7124c40f",
                address=_HAPPY + "train_happy.h5",
                also=("train_happy_reconstructed.h5",),
            ),
            File(
                name="test_happy.h5",
                arrays=TEST,
                size=1_846_560,
                sha256="5e23db2f28769de83214dce1411e651489d713f9e1ec5d1ca6a61b6222115add",
                blob="80f1525fd15ab323a8e07cfeeaaa64d24de0cc74",
                address=_HAPPY + "test_happy.h5",
            ),
        ),
        shape=(64, 64, 3),
        counts=_counts(600, 150),
        class_names=("not happy", "happy"),
        drawing="course_utils.data.faces",
    ),
    "signs": PictureSet(
        name="signs",
        files=(
            File(
                name="train_signs.h5",
                arrays=TRAIN,
                size=13_281_872,
                sha256="47480709d99f2ea6ae428ecc491fc6f65ff1d05336736dd859d5565e0ad3cf74",
                blob="15904fbeb148848aea50d42c96a539b7bd11c4e5",
                address=_SIGNS + "train_signs.h5",
                also=("train_signs_cs230.h5",),
            ),
            File(
                name="test_signs.h5",
                arrays=TEST,
                size=1_477_712,
                sha256="539fb746ed9e947eb244cfca73f4d1b03f9bf5524d609eeed2cd76ddb1b179be",
                blob="ac34131b87c829b90f5c0913f90d509f1c1f8ed0",
                address=_SIGNS + "test_signs.h5",
            ),
        ),
        shape=(64, 64, 3),
        counts=_counts(1080, 120),
        class_names=tuple("012345"),
        drawing="course_utils.data.hands",
    ),
    "mnist": PictureSet(
        name="mnist",
        files=(
            File(  # address and hash: keras/src/datasets/mnist.py; size: what that address serves
                name="mnist.npz",
                arrays={field: field for field in ("x_train", "y_train", "x_test", "y_test")},
                size=11_490_434,
                sha256="731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
                blob="",
                address="https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
            ),
        ),
        shape=(28, 28),
        counts=_counts(60_000, 10_000),
        class_names=tuple("0123456789"),
        drawing="course_utils.data.digits",
        drawn_by="from scikit-learn's handwritten digits",
    ),
    "cifar10": PictureSet(
        name="cifar10",
        files=(
            Archive(  # address and sha256: keras/src/datasets/cifar10.py; size: what that address serves
                name="cifar-10-batches-py",
                arrays={field: field for field in ("x_train", "y_train", "x_test", "y_test")},
                size=170_498_071,
                sha256="6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
                blob="",
                address="https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
                also=(
                    "cifar-10-python.tar.gz",
                    "cifar-10-python.tar",  # as some browsers unpack it
                    "cifar-10-batches-py-target",  # in Keras's cache, the folder around it
                    "cifar10.npz",
                    "cifar10_subset.npz",
                    *("cifar-10-batches-bin", "cifar-10-binary.tar.gz"),  # other versions, found to be named
                    *("cifar-10-batches-mat", "cifar-10-matlab.tar.gz"),
                ),
                members={
                    "data_batch_1": "c99cafc152244af753f735de768cd75f",
                    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
                    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
                    "data_batch_4": "634d18415352ddfa80567beed471001a",
                    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
                    "test_batch": "40351d587109b95175f43aff81a1287e",
                },
            ),
        ),
        shape=(32, 32, 3),
        counts=_counts(50_000, 10_000),
        class_names=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
        drawing="course_utils.data.objects",
    ),
    "birds": PictureSet(
        name="birds",
        files=(Folder("bird_photos", also=("tiny_imagenet_birds",)),),
        shape=(224, 224, 3),
        counts=_counts(452, 113),
        class_names=("Bananaquit", "Black Skimmer", "Black Throated Bushtiti", "Cockatoo"),
        drawing="course_utils.data.birds",
    ),
}


def find(name):
    """The PictureSet of that name; CourseError names the sets there are."""
    if name in SETS:
        return SETS[name]
    raise CourseError(f"There is no data set {name!r}: choose one of {', '.join(SETS)}.")
