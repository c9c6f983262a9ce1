//! How pictures of any size become images of the network's.

use image::{DynamicImage, imageops::FilterType};
use pleach_spec::model_file::ModelFile;
use serde::{Deserialize, Serialize};

/// Key of the note in a compiled model.
const NOTE: &str = "pictures";

/// Section `[pictures]` of a sidecar: what is done to PNG and JPEG files before they are normalised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pictures {
    /// How they are scaled.
    pub resize: Resize,
    /// With "cover": how many pixels the shorter side gets before the image is cut around its centre. 256 for networks of 224 that were
    /// trained as torchvision's; without it as many as the network needs.
    pub shorter_side: Option<u32>,
    /// With "fit": value of the pixels beside the picture.
    pub fill: u8,
}

/// How a picture is scaled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Resize {
    /// So that it covers the image; what is beyond is cut off, as much on either side.
    #[default]
    Cover,
    /// Each side by itself, so that all of it is there, perhaps distorted.
    Stretch,
    /// So that all of it is there, undistorted, in the middle of an image of one colour.
    Fit,
}

impl Pictures {
    /// Those of a compiled model.
    pub fn of(model: &ModelFile) -> Self {
        model.notes.get(NOTE).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// Puts them into a compiled model.
    pub fn note(&self, model: &mut ModelFile) {
        if *self != Self::default() {
            let text = serde_json::to_string(self).expect("numbers and names can be written");
            model.notes.insert(NOTE.into(), text);
        }
    }

    /// The picture in another size; `None` where the shorter side is shorter than the image.
    pub(super) fn resized(&self, picture: DynamicImage, [width, height]: [u32; 2]) -> Option<DynamicImage> {
        let scaled = |size: [u32; 2]| match size == [picture.width(), picture.height()] {
            true => picture.clone(),
            false => picture.resize_exact(size[0], size[1], FilterType::Triangle),
        };
        let by = |factor: f64| {
            [picture.width(), picture.height()].map(|side| ((f64::from(side) * factor).round() as u32).max(1))
        };
        let ratios =
            [f64::from(width) / f64::from(picture.width()), f64::from(height) / f64::from(picture.height())];
        match (self.resize, self.shorter_side) {
            (Resize::Cover, None) if [picture.width(), picture.height()] == [width, height] => Some(picture),
            (Resize::Cover, None) => Some(picture.resize_to_fill(width, height, FilterType::Triangle)),
            (Resize::Cover, Some(side)) => {
                let size = by(f64::from(side) / f64::from(picture.width().min(picture.height())));
                let [left, top] = [size[0].checked_sub(width)? / 2, size[1].checked_sub(height)? / 2];
                Some(scaled(size).crop_imm(left, top, width, height))
            }
            (Resize::Stretch, _) => Some(scaled([width, height])),
            (Resize::Fit, _) => {
                let size = by(ratios[0].min(ratios[1]));
                let size = [size[0].min(width), size[1].min(height)];
                let pixel = image::Rgb([self.fill; 3]);
                let mut canvas = image::RgbImage::from_pixel(width, height, pixel);
                let [left, top] = [(width - size[0]) / 2, (height - size[1]) / 2];
                image::imageops::replace(&mut canvas, &scaled(size).into_rgb8(), left.into(), top.into());
                Some(canvas.into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twelve wide and four high, red values from the column, green ones from the row.
    fn picture() -> DynamicImage {
        image::RgbImage::from_fn(12, 4, |x, y| image::Rgb([10 * x as u8, 10 * y as u8, 200])).into()
    }

    fn resized(pictures: Pictures, size: [u32; 2]) -> image::RgbImage {
        pictures.resized(picture(), size).unwrap().into_rgb8()
    }

    #[test]
    fn a_cover_is_cut_around_its_centre() {
        let found = resized(Pictures::default(), [4, 4]);
        assert_eq!((found.get_pixel(0, 0)[0], found.get_pixel(3, 3)[0]), (40, 70));
        let shorter = |side| Pictures { shorter_side: Some(side), ..Pictures::default() };
        assert_eq!(resized(shorter(4), [4, 2]).get_pixel(0, 0).0, [40, 10, 200]);
        assert_eq!(resized(shorter(8), [8, 8]).dimensions(), (8, 8));
        assert!(shorter(3).resized(picture(), [4, 4]).is_none());
    }

    #[test]
    fn a_stretched_picture_is_all_there() {
        let found = resized(Pictures { resize: Resize::Stretch, ..Pictures::default() }, [3, 4]);
        let columns: Vec<u8> = (0..3).map(|x| found.get_pixel(x, 0)[0]).collect();
        assert!(columns[0] < 25 && (45..65).contains(&columns[1]) && columns[2] > 85, "{columns:?}");
    }

    #[test]
    fn a_picture_that_fits_has_borders() {
        let found = resized(Pictures { resize: Resize::Fit, fill: 114, ..Pictures::default() }, [6, 6]);
        let rows: Vec<u8> = (0..6).map(|y| found.get_pixel(3, y)[2]).collect();
        assert_eq!(rows, [114, 114, 200, 200, 114, 114]);
    }
}
