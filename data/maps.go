package data

import (
	"encoding/json"
	"fmt"
	"sync"
)

// Point is a place as longitude and latitude in degrees.
type Point [2]float64

// Ring is a closed line; its last point repeats the first.
type Ring []Point

// Polygon is an outer ring and the holes in it.
type Polygon []Ring

// Shape is the simplified boundary of one unit, for maps on a page and not for measuring.
type Shape struct {
	Unit           string // the id of the unit
	Code           string
	NameVI, NameEN string
	Polygons       []Polygon // more than one where the unit has islands
}

// ProvincesGeoJSON returns the boundaries of the 34 provinces and cities as a GeoJSON document.
func ProvincesGeoJSON() []byte { return must(files.ReadFile("maps/provinces.geojson")) }

// TayNinhGeoJSON returns the boundaries of the 96 communes of Tay Ninh as a GeoJSON document.
func TayNinhGeoJSON() []byte { return must(files.ReadFile("maps/tay_ninh_communes.geojson")) }

// ProvinceShapes returns the boundaries of the 34 provinces and cities.
var ProvinceShapes = shapes(ProvincesGeoJSON)

// TayNinhShapes returns the boundaries of the 96 communes of Tay Ninh, the demonstration's province.
var TayNinhShapes = shapes(TayNinhGeoJSON)

func shapes(doc func() []byte) func() []Shape {
	load := sync.OnceValues(func() ([]Shape, error) { return ParseShapes(doc()) })
	return func() []Shape { return must(load()) }
}

// ParseShapes reads a GeoJSON collection whose features carry the properties code, name and nameEn,
// and whose codes are of the list of units in force since 2025. Any province's communes can be read so.
func ParseShapes(doc []byte) ([]Shape, error) {
	var collection struct {
		Type     string `json:"type"`
		Features []struct {
			Properties struct {
				Code   string `json:"code"`
				Name   string `json:"name"`
				NameEN string `json:"nameEn"`
			} `json:"properties"`
			Geometry struct {
				Type        string          `json:"type"`
				Coordinates json.RawMessage `json:"coordinates"`
			} `json:"geometry"`
		} `json:"features"`
	}
	if err := json.Unmarshal(doc, &collection); err != nil {
		return nil, fmt.Errorf("read boundaries: %w", err)
	}
	if collection.Type != "FeatureCollection" {
		return nil, fmt.Errorf("read boundaries: %q is no collection of features", collection.Type)
	}
	list := make([]Shape, 0, len(collection.Features))
	for _, f := range collection.Features {
		s := Shape{
			Unit: UnitID(f.Properties.Code, CurrentFrom), Code: f.Properties.Code,
			NameVI: f.Properties.Name, NameEN: f.Properties.NameEN,
		}
		if _, known := UnitByID(s.Unit); !known {
			return nil, fmt.Errorf("read boundaries: no unit has the code %q", s.Code)
		}
		var err error
		switch f.Geometry.Type {
		case "Polygon":
			s.Polygons = make([]Polygon, 1)
			err = json.Unmarshal(f.Geometry.Coordinates, &s.Polygons[0])
		case "MultiPolygon":
			err = json.Unmarshal(f.Geometry.Coordinates, &s.Polygons)
		default:
			err = fmt.Errorf("a boundary is no %q", f.Geometry.Type)
		}
		if err != nil {
			return nil, fmt.Errorf("read boundaries: %s: %w", s.Code, err)
		}
		list = append(list, s)
	}
	return list, nil
}
